import { describe, expect, test } from 'vitest'
import { articles, changeGroups, groupArticles, postArticle, vote } from '../../examples/article-voting.ts'
import { SERVERS, useServer } from '../support/each-server.ts'

const NOW = 1_700_000_000
const WEEK = 7 * 86_400

describe.each(SERVERS)('article voting on %s', kind => {
  const server = useServer(kind)

  test('a new article has its poster’s vote and stands on the page', async () => {
    const id = await postArticle(server.redis, 'ada', 'Bees', 'https://example.com/1', NOW)
    expect(id).toBe('1')
    expect(await articles(server.redis, 1)).toEqual([
      {
        key: 'article:1',
        title: 'Bees',
        link: 'https://example.com/1',
        poster: 'ada',
        time: String(NOW),
        votes: '1',
        downvotes: '0',
      },
    ])
    expect(await server.redis.zscore('score:', 'article:1')).toBe(String(NOW + 432))
    expect(await server.redis.ttl('up:1')).toBeGreaterThan(WEEK - 60)
  })

  test('a vote counts once a user', async () => {
    const id = await postArticle(server.redis, 'ada', 'Bees', 'l', NOW)
    expect(await vote(server.redis, 'ben', id, 'up', NOW)).toBe(true)
    expect(await vote(server.redis, 'ben', id, 'up', NOW)).toBe(false)
    expect(await vote(server.redis, 'ada', id, 'up', NOW)).toBe(false)
    expect(await server.redis.hget('article:1', 'votes')).toBe('2')
    expect(await server.redis.zscore('score:', 'article:1')).toBe(String(NOW + 2 * 432))
  })

  test('a vote that is turned around moves the score twice as far', async () => {
    const id = await postArticle(server.redis, 'ada', 'Bees', 'l', NOW)
    await vote(server.redis, 'ben', id, 'up', NOW)
    expect(await vote(server.redis, 'ben', id, 'down', NOW)).toBe(true)
    expect(await server.redis.hmget('article:1', 'votes', 'downvotes')).toEqual(['1', '1'])
    expect(await server.redis.zscore('score:', 'article:1')).toBe(String(NOW))
    expect(await server.redis.smembers('down:1')).toEqual(['ben'])
    expect(await server.redis.ttl('down:1')).toBeGreaterThan(WEEK - 60)
  })

  test('a user who votes both ways at once ends on one side, and the counts agree', async () => {
    const id = await postArticle(server.redis, 'ada', 'Bees', 'l', NOW)
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const own = server.redis.duplicate()
        await vote(own, `user${i % 4}`, id, i % 3 === 0 ? 'down' : 'up', NOW)
        own.disconnect()
      }),
    )
    const [up, down] = [await server.redis.scard('up:1'), await server.redis.scard('down:1')]
    expect(await server.redis.sinter('up:1', 'down:1')).toEqual([])
    expect(up + down).toBe(5)
    expect(await server.redis.hmget('article:1', 'votes', 'downvotes')).toEqual([String(up), String(down)])
    expect(Number(await server.redis.zscore('score:', 'article:1'))).toBe(NOW + 432 * (up - down))
  })

  test('nobody votes on what is older than a week, or was never posted', async () => {
    const id = await postArticle(server.redis, 'ada', 'Bees', 'l', NOW - WEEK - 1)
    expect(await vote(server.redis, 'ben', id, 'up', NOW)).toBe(false)
    expect(await vote(server.redis, 'ben', '99', 'up', NOW)).toBe(false)
  })

  test('pages have 25 articles, best or newest first', async () => {
    for (let i = 0; i < 30; i++) await postArticle(server.redis, 'ada', `t${i}`, 'l', NOW + i)
    for (let i = 0; i < 3; i++) await vote(server.redis, `u${i}`, '1', 'up', NOW)
    const best = await articles(server.redis, 1)
    expect(best.map(({ title }) => title).slice(0, 3)).toEqual(['t0', 't29', 't28'])
    expect(best.length).toBe(25)
    expect((await articles(server.redis, 2)).map(({ title }) => title)).toEqual(['t5', 't4', 't3', 't2', 't1'])
    expect((await articles(server.redis, 1, 'time:'))[0].title).toBe('t29')
    expect(await articles(server.redis, 3)).toEqual([])
  })

  test('a group shows its own articles, in an order kept for a minute', async () => {
    const ids = []
    for (let i = 0; i < 3; i++) ids.push(await postArticle(server.redis, 'ada', `t${i}`, 'l', NOW + i))
    await changeGroups(server.redis, ids[0], ['nature'])
    await changeGroups(server.redis, ids[2], ['nature', 'software'])
    expect((await groupArticles(server.redis, 'nature', 1)).map(({ title }) => title)).toEqual(['t2', 't0'])
    expect(await server.redis.zscore('score:nature', 'article:1')).toBe(String(NOW + 432))
    expect(await server.redis.ttl('score:nature')).toBeGreaterThan(50)
    await changeGroups(server.redis, ids[2], [], ['nature'])
    expect((await groupArticles(server.redis, 'nature', 1)).map(({ title }) => title)).toEqual(['t2', 't0'])
    await server.redis.del('score:nature')
    expect((await groupArticles(server.redis, 'nature', 1)).map(({ title }) => title)).toEqual(['t0'])
    expect((await groupArticles(server.redis, 'nature', 1, 'time:')).map(({ title }) => title)).toEqual(['t0'])
  })
})
