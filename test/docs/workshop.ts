// A folder in which the manual's commands find what they name: skep, redis-cli on the right port, and the packages.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { projectNode } from '../support/server.ts'
import type { Block } from './blocks.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** The port that the manual talks of; each page gets one that is free. */
const PORT = '6379'
/** And that of its HTTP gateway. */
const HTTP_PORT = '8379'
const RUN_MS_MAX = 60_000

export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'skep-docs-'))
  readonly #port: number
  readonly #httpPort: number
  readonly #servers: ChildProcess[] = []
  #count = 0

  constructor(port: number, httpPort: number) {
    this.#port = port
    this.#httpPort = httpPort
    const modules = join(this.folder, 'node_modules')
    mkdirSync(join(modules, 'skep'), { recursive: true })
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
    }
    // The package as it will be published, but from source.
    const exported = { '.': './index.js', './memory-server': './memory-server.js' }
    writeFileSync(join(modules, 'skep', 'package.json'), JSON.stringify({ type: 'module', exports: exported }))
    for (const name of ['index', 'memory-server']) {
      const source = join(ROOT, 'src', `${name}.ts`)
      writeFileSync(join(modules, 'skep', `${name}.js`), `export * from ${JSON.stringify(source)}\n`)
    }
    this.#command('skep', `"${projectNode()}" "${join(ROOT, 'src', 'cli.ts')}" "$@"`)
    this.#command('redis-cli', `/usr/bin/env PATH="$OTHER_PATH" redis-cli -p ${port} "$@"`)
  }

  #command(name: string, words: string): void {
    const folder = join(this.folder, 'bin')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${words}\n`)
    chmodSync(join(folder, name), 0o755)
  }

  get #environment(): NodeJS.ProcessEnv {
    const others = [dirname(projectNode()), process.env.PATH].join(delimiter)
    return { ...process.env, OTHER_PATH: others, PATH: join(this.folder, 'bin') + delimiter + others }
  }

  /** Does what a block says; rejects with what it printed if that fails. */
  async run(block: Block): Promise<void> {
    const text = block.text.replaceAll(PORT, String(this.#port)).replaceAll(HTTP_PORT, String(this.#httpPort))
    if (block.file !== undefined) {
      const path = join(this.folder, block.file)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    } else if (block.mark === 'background') {
      await this.#serve(text)
    } else if (block.language === 'sh') {
      await this.#execute('sh', ['-e', '-c', text])
    } else {
      const path = join(this.folder, `block-${this.#count++}.${block.language === 'ts' ? 'mts' : 'mjs'}`)
      writeFileSync(path, text)
      await this.#execute('node', [path])
    }
  }

  #execute(command: string, args: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const options = { cwd: this.folder, env: this.#environment, timeout: RUN_MS_MAX }
      execFile(command, args, options, (error, stdout, stderr) => {
        if (error === null) resolve()
        else reject(new Error(`${error.message}\n${stdout}${stderr}`))
      })
    })
  }

  async #serve(text: string): Promise<void> {
    // `exec`, so that the server gets the signal that is meant for it.
    const options = { cwd: this.folder, env: this.#environment }
    const server = spawn('sh', ['-c', `exec ${text}`], options)
    this.#servers.push(server)
    let output = ''
    for (const stream of [server.stdout, server.stderr]) stream.on('data', chunk => (output += String(chunk)))
    for (const deadline = Date.now() + RUN_MS_MAX; !/Ready to accept connections/.test(output); await sleep(20)) {
      if (server.exitCode !== null || Date.now() > deadline) throw new Error(`the server does not start:\n${output}`)
    }
  }

  /** Ends what the page has started and removes its files. */
  async close(): Promise<void> {
    for (const server of this.#servers) {
      if (server.exitCode !== null) continue
      const ended = new Promise(resolve => server.once('exit', resolve))
      server.kill('SIGTERM')
      await ended
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}
