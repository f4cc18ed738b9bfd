// What a subcommand of the command line is: `skep top`, `skep check`. The list of them is in subcommands.ts.

/** What the list knows of a subcommand without loading it, so that a server's start does not wait for all of them. */
export interface Subcommand {
  readonly name: string
  /** What follows the name, as in `[--host HOST] FILE`. */
  readonly form: string
  /** One line for `skep --help`. */
  readonly summary: string
  /** The module that does it. */
  readonly load: () => Promise<SubcommandModule>
}

/** What the module of a subcommand exports. */
export interface SubcommandModule {
  /** What `skep NAME --help` says below the usage line. */
  readonly help: string
  /**
   * Does it, with the arguments behind the name. Resolves to the exit status. A `UsageError`, and node:util's
   * parseArgs's own complaints, end in the usage line on standard error and status 1.
   */
  readonly main: (args: readonly string[]) => Promise<number>
}

/** The person has asked for something that there is not. */
export class UsageError extends Error {}

/** Whether the error is the person's: ours, or one that parseArgs throws. */
function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

const usage = ({ name, form }: Subcommand): string => `Usage: skep ${name} ${form}`.trimEnd()

/** Runs a subcommand; resolves to the exit status. */
export async function runSubcommand(subcommand: Subcommand, args: readonly string[]): Promise<number> {
  const { help, main } = await subcommand.load()
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage(subcommand)}\n\n${subcommand.summary}\n\n${help.trim()}\n`)
    return 0
  }
  try {
    return await main(args)
  } catch (error) {
    if (isUsageError(error)) {
      process.stderr.write(`skep ${subcommand.name}: ${error.message}\n${usage(subcommand)}\n`)
    } else {
      process.stderr.write(`skep ${subcommand.name}: ${error instanceof Error ? error.message : String(error)}\n`)
    }
    return 1
  }
}
