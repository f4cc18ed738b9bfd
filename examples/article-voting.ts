// A news site: people post articles and vote them up or down; the best or the newest are shown by the page.
//
//   time:             sorted set  article -> when it was posted
//   score:            sorted set  article -> when it was posted, moved by VOTE_SECONDS for each vote
//   article:ID        hash        title, link, poster, time, votes, downvotes
//   up:ID, down:ID    sets        who has voted; a user is in one of them at most
//   group:NAME        set         articles of a group
//   score:NAME, …     sorted set  the group's articles in that order, kept for a minute
//
// Votes are taken for a week. 200 up-votes keep an article on the front page for one day: 86,400 / 200 = 432.
//
//     npx node examples/article-voting.ts

import type { Redis } from 'ioredis'
import { demonstrate } from './support/demonstrate.ts'

const WEEK_SECONDS = 7 * 86_400
const VOTE_SECONDS = 432
const ARTICLES_PER_PAGE = 25
const GROUP_CACHE_SECONDS = 60

export type Vote = 'up' | 'down'
export type Order = 'score:' | 'time:'
export type Article = { readonly key: string } & Record<string, string>

/** Posts an article, with the poster's own vote. Returns its id. */
export async function postArticle(redis: Redis, user: string, title: string, link: string, now: number) {
  const id = String(await redis.incr('article:'))
  const key = `article:${id}`
  await redis
    .multi()
    .sadd(`up:${id}`, user)
    .expire(`up:${id}`, WEEK_SECONDS)
    .hmset(key, { title, link, poster: user, time: now, votes: 1, downvotes: 0 })
    .zadd('score:', now + VOTE_SECONDS, key)
    .zadd('time:', now, key)
    .exec()
  return id
}

/** Counts the user's vote, or turns an earlier one around. False when it changes nothing or comes too late. */
export async function vote(redis: Redis, user: string, id: string, side: Vote, now: number): Promise<boolean> {
  const key = `article:${id}`
  const posted = await redis.zscore('time:', key)
  if (posted === null || Number(posted) < now - WEEK_SECONDS) return false
  const other = side === 'up' ? 'down' : 'up'
  // In this order and in one piece: whatever the same user sends at the same time, nobody ends up on both sides.
  const replies = await redis
    .multi()
    .smove(`${other}:${id}`, `${side}:${id}`, user)
    .sadd(`${side}:${id}`, user)
    .expire(`${side}:${id}`, WEEK_SECONDS, 'NX')
    .exec()
  const [turned, added] = replies?.map(([, reply]) => reply === 1) ?? []
  if (!turned && !added) return false

  const sign = side === 'up' ? 1 : -1
  const change = redis.multi().zincrby('score:', sign * VOTE_SECONDS * (turned ? 2 : 1), key)
  change.hincrby(key, side === 'up' ? 'votes' : 'downvotes', 1)
  if (turned) change.hincrby(key, side === 'up' ? 'downvotes' : 'votes', -1)
  await change.exec()
  return true
}

/** The articles of a page, best first; pages count from 1. The order is `score:`, `time:` or a group's own. */
export async function articles(redis: Redis, page: number, order = 'score:'): Promise<Article[]> {
  const first = (page - 1) * ARTICLES_PER_PAGE
  const keys = await redis.zrevrange(order, first, first + ARTICLES_PER_PAGE - 1)
  const pipeline = redis.pipeline()
  for (const key of keys) pipeline.hgetall(key)
  const replies = (await pipeline.exec()) ?? []
  return keys.map((key, i) => ({ key, ...(replies[i][1] as Record<string, string>) }))
}

export async function changeGroups(redis: Redis, id: string, add: readonly string[], remove: readonly string[] = []) {
  const pipeline = redis.pipeline()
  for (const group of add) pipeline.sadd(`group:${group}`, `article:${id}`)
  for (const group of remove) pipeline.srem(`group:${group}`, `article:${id}`)
  await pipeline.exec()
}

/** As `articles`, of one group. The order of a group is made when it is asked for and kept for a minute. */
export async function groupArticles(redis: Redis, group: string, page: number, order: Order = 'score:') {
  const key = order + group
  if ((await redis.exists(key)) === 0) {
    // Members of a set count as having score 1, so the larger of the two is the article's own.
    await redis
      .multi()
      .zinterstore(key, 2, `group:${group}`, order, 'AGGREGATE', 'MAX')
      .expire(key, GROUP_CACHE_SECONDS)
      .exec()
  }
  return articles(redis, page, key)
}

if (import.meta.main) {
  await demonstrate(async redis => {
    const now = Date.now() / 1000
    const bees = await postArticle(redis, 'ada', 'Why bees build hexagons', 'https://example.com/bees', now - 3600)
    const hives = await postArticle(redis, 'ben', 'A hive with many combs', 'https://example.com/hives', now)
    await changeGroups(redis, bees, ['nature'])
    await changeGroups(redis, hives, ['nature', 'software'])
    for (const user of ['cleo', 'dora', 'eli']) await vote(redis, user, bees, 'up', now)
    for (let i = 0; i < 10; i++) await vote(redis, `reader${i}`, bees, 'up', now)
    await vote(redis, 'cleo', bees, 'down', now)
    console.log('best first:')
    console.table(await articles(redis, 1), ['title', 'poster', 'votes', 'downvotes'])
    console.log('group software:')
    console.table(await groupArticles(redis, 'software', 1), ['title', 'poster', 'votes'])
  })
}
