// `skep check`: whether the files of a data folder are sound.

import { statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkFolder, checkLog, type FileReport, type FolderNames } from '../persist/check.ts'

export const help = `  PATH              a data folder, or single files (the folder it is started in)
  --dbfilename NAME       how the snapshot is called there (dump.rdb)
  --appenddirname NAME    the log's folder (appendonlydir)
  --appendfilename NAME   how its files begin (appendonly.aof)

Reads every file to its end, values and checksums too, and changes nothing. Status 1 if any is damaged: then it says
what, where, and what can be done.`

const OPTIONS = {
  dbfilename: { type: 'string', default: 'dump.rdb' },
  appenddirname: { type: 'string', default: 'appendonlydir' },
  appendfilename: { type: 'string', default: 'appendonly.aof' },
} as const

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  let files = 0
  let damaged = 0
  for (const path of positionals.length === 0 ? ['.'] : positionals) {
    for (const report of reports(path, values)) {
      files++
      if (report.problem !== '' && !report.isHarmless) damaged++
      process.stdout.write(describe(report))
    }
  }
  if (files === 0) throw new Error('there is nothing to check: no snapshot and no log')
  process.stdout.write(
    damaged === 0 ? `${count(files, 'file')}, all sound\n` : `${damaged} of ${count(files, 'file')} damaged\n`,
  )
  return damaged === 0 ? 0 : 1
}

const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`

function* reports(path: string, names: FolderNames): Generator<FileReport> {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new Error(`${path} does not exist`)
  if (found.isDirectory()) yield* checkFolder(path, names)
  else yield checkLog(path)
}

function describe({ path, bytes, contents, problem, advice, isHarmless }: FileReport): string {
  const state = problem === '' ? 'sound' : isHarmless ? 'cut' : 'DAMAGED'
  const line = `${state.padEnd(8)} ${path}: ${contents}, ${bytes} bytes\n`
  return problem === '' ? line : `${line}         ${problem}\n         ${advice}\n`
}
