import { describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../src/config/command-line.ts'

function options(...argv: string[]): string[] | undefined {
  const line = parseCommandLine(argv)
  if (line.action !== 'run') return undefined
  return line.options.split('\n').map(text => text.trimEnd())
}

describe('the command line', () => {
  test('a first argument without a dash is the file', () => {
    expect(parseCommandLine(['a.conf', '--port', '1'])).toEqual({
      action: 'run',
      file: 'a.conf',
      stdin: false,
      options: 'port "1" ',
    })
  })

  test('a dash at either end reads standard input', () => {
    expect(parseCommandLine(['-'])).toMatchObject({ stdin: true, file: undefined })
    expect(parseCommandLine(['a.conf', '--hz', '5', '-'])).toMatchObject({ stdin: true, file: 'a.conf' })
    expect(options('--requirepass', '-', '--hz', '5')).toEqual(['requirepass "-"', 'hz "5"'])
  })

  test('a name takes the values that follow', () => {
    expect(options('--port', '1', '--bind', 'a', 'b')).toEqual(['port "1"', 'bind "a" "b"'])
    expect(options('--port 1', '--hz', '2')).toEqual(['port 1', 'hz "2"'])
  })

  test('a value may begin with two dashes', () => {
    expect(options('--requirepass', '--secret', '--port', '1')).toEqual(['requirepass "--secret"', 'port "1"'])
    expect(options('--port', '--hz', '2')).toEqual(['port "--hz" "2"'])
  })

  test('save with nothing behind it means never', () => {
    expect(options('--save')).toEqual(['save ""'])
    expect(options('--save', '--port', '1')).toEqual(['save ""', 'port "1"'])
    expect(options('--save', '', '--port', '1')).toEqual(['save ""', 'port "1"'])
    expect(options('--save', '900 1', '--save', '300', '10')).toEqual(['save "900 1"', 'save "300" "10"'])
  })

  test('values are bytes of UTF-8', () => {
    expect(options('--requirepass', 'é')).toEqual(['requirepass "\\xc3\\xa9"'])
  })

  test('version and help are asked for by the first argument', () => {
    expect(parseCommandLine(['--version'])).toMatchObject({ action: 'version' })
    expect(parseCommandLine(['-h'])).toMatchObject({ action: 'help' })
    expect(parseCommandLine(['--port', '1', '-v'])).toMatchObject({ action: 'run' })
  })

  test('there is no Sentinel mode', () => {
    expect(parseCommandLine(['a.conf', '--sentinel'])).toMatchObject({ action: 'refuse' })
  })
})
