// The public API: a server inside a program.

export {
  type Command,
  type Options,
  type Seed,
  type SeedValue,
  type ServerEvents,
  SkepServer,
  startServer,
} from './embedded.ts'
