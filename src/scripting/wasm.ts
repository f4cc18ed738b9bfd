// Lua 5.1 as a WebAssembly module, with the little that it wants of a system around it.
//
// The module (of the package wasmoon-lua5.1) is Lua's own C code, so scripts behave to the digit as in Redis. It is
// instantiated here without the package's JavaScript: that starts asynchronously, which a thread without an event loop
// cannot wait for, and passes strings through UTF-8. Nothing outside can be reached: whatever asks the system gets ENOSYS.
//
// Errors in Lua are C's longjmp. The compiler has made exceptions of it, by Emscripten's convention: throwing Infinity
// unwinds to the `invoke_vii` that protects the call. So an error that is raised in a JavaScript function called from Lua
// passes through JavaScript frames: such functions hold nothing that would have to be given back.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ByteArray } from '../bytes/byte-array.ts'
import { copyBytes } from '../bytes/copy.ts'

type WasmModule = { readonly kind: 'module' }
type WasmImports = Readonly<Record<string, Readonly<Record<string, (...args: number[]) => unknown>>>>

interface WasmMemory {
  readonly buffer: ArrayBufferLike
  grow(pages: number): number
}

interface WasmTable {
  get(at: number): unknown
  set(at: number, value: unknown): void
  grow(by: number): number
}

/** The part of WebAssembly's interface that is used here: TypeScript knows it only together with a browser's. */
interface WasmInterface {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule
  readonly Instance: new (module: WasmModule, imports: WasmImports) => { readonly exports: Record<string, unknown> }
}

const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly

/** A Lua thread: an address. */
export type State = number

type Fn = (...args: number[]) => number

/** What the module exports, as far as it is used: Lua's C API by its own names. */
export interface LuaApi {
  readonly luaL_loadbuffer: Fn
  readonly luaL_newstate: Fn
  readonly luaopen_base: Fn
  readonly luaopen_debug: Fn
  readonly luaopen_math: Fn
  readonly luaopen_string: Fn
  readonly luaopen_table: Fn
  readonly lua_checkstack: Fn
  readonly lua_concat: Fn
  readonly lua_createtable: Fn
  readonly lua_error: Fn
  readonly lua_gettop: Fn
  readonly lua_insert: Fn
  readonly luaL_where: Fn
  readonly lua_next: Fn
  readonly lua_pcall: Fn
  readonly lua_pushboolean: Fn
  readonly lua_pushcclosure: Fn
  readonly lua_pushlightuserdata: Fn
  readonly lua_pushlstring: Fn
  readonly lua_pushnil: Fn
  readonly lua_pushnumber: Fn
  readonly lua_pushvalue: Fn
  readonly lua_rawget: Fn
  readonly lua_rawgeti: Fn
  readonly lua_rawset: Fn
  readonly lua_rawseti: Fn
  readonly lua_remove: Fn
  readonly lua_replace: Fn
  readonly lua_sethook: Fn
  readonly lua_settop: Fn
  readonly lua_toboolean: Fn
  readonly lua_tolstring: Fn
  readonly lua_tonumber: Fn
  readonly lua_touserdata: Fn
  readonly lua_type: Fn
  readonly malloc: Fn
  readonly free: Fn
}

interface Exports extends LuaApi {
  readonly memory: WasmMemory
  readonly __indirect_function_table: WasmTable
  readonly __wasm_call_ctors: () => void
  readonly emscripten_stack_init: () => void
  readonly stackSave: () => number
  readonly stackRestore: (at: number) => void
  readonly setThrew: (threw: number, value: number) => void
}

const ENOSYS = 52
const PAGE_BYTES = 65536
/** A script that wants more memory gets Lua's "not enough memory". */
const MEMORY_BYTES_MAX = 512 * 1024 * 1024

/** A module of one function that calls what it imports: how a JavaScript function becomes one that C can point to. */
const trampoline = (type: readonly number[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    [
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      [1, type.length + 2, 1, 0x60, ...type],
      [2, 7, 1, 1, 0x65, 1, 0x66, 0, 0],
      [7, 5, 1, 1, 0x66, 0, 0],
    ].flat(),
  )
const I32 = 0x7f
/** int f(lua_State *) and void f(lua_State *, lua_Debug *). */
const FUNCTION = trampoline([1, I32, 1, I32])
const HOOK = trampoline([2, I32, I32, 0])

let compiled: WasmModule | undefined
let functionModule: WasmModule | undefined
let hookModule: WasmModule | undefined

function luaModule(): WasmModule {
  const folder = dirname(createRequire(import.meta.url).resolve('wasmoon-lua5.1'))
  compiled ??= new Module(readFileSync(join(folder, 'liblua5.1.wasm')))
  return compiled
}

export class LuaWasm {
  readonly api: LuaApi
  readonly #exports: Exports
  u8: ByteArray<ArrayBuffer>
  /** Where bytes are put for Lua to copy, and where it puts a length. */
  #scratch = 0
  #scratchBytes = 0
  readonly #word: number

  constructor() {
    const instance = new Instance(luaModule(), this.#imports())
    this.#exports = instance.exports as unknown as Exports
    this.api = this.#exports
    this.u8 = new ByteArray(this.#exports.memory.buffer as ArrayBuffer)
    this.#exports.emscripten_stack_init()
    this.#exports.__wasm_call_ctors()
    this.#word = this.api.malloc(8)
  }

  #imports(): WasmImports {
    const refused = (): number => -ENOSYS
    const nothing = (): number => 0
    const env = {
      exit: (code: number) => {
        throw new Error(`Lua has ended itself: ${code}`)
      },
      invoke_vii: (at: number, a: number, b: number) => this.#invoke(at, a, b),
      _emscripten_throw_longjmp: () => {
        throw Number.POSITIVE_INFINITY
      },
      emscripten_memcpy_js: (to: number, from: number, length: number) => {
        this.#refresh()
        this.u8.copyWithin(to, from, from + length)
      },
      emscripten_resize_heap: (bytes: number) => this.#grow(bytes >>> 0),
      emscripten_date_now: () => Date.now(),
      _emscripten_get_now_is_monotonic: () => 1,
      strftime: nothing,
      _tzset_js: nothing,
      _mktime_js: nothing,
      _localtime_js: nothing,
      _gmtime_js: nothing,
      _emscripten_system: () => -1,
      __syscall_openat: refused,
      __syscall_fcntl64: refused,
      __syscall_ioctl: refused,
      __syscall_dup3: refused,
      __syscall_unlinkat: refused,
      __syscall_rmdir: refused,
      __syscall_renameat: refused,
      __syscall_readlinkat: refused,
    }
    const refusedByWasi = (): number => ENOSYS
    const wasi = {
      fd_write: refusedByWasi,
      fd_read: refusedByWasi,
      fd_close: refusedByWasi,
      fd_seek: refusedByWasi,
      environ_sizes_get: (count: number, bytes: number) => {
        this.#refresh()
        this.u8.view.setUint32(count, 0, true)
        this.u8.view.setUint32(bytes, 0, true)
        return 0
      },
      environ_get: nothing,
    }
    return { env, wasi_snapshot_preview1: wasi }
  }

  /** Calls a protected function: a longjmp ends here, anything else is no business of Lua's. */
  #invoke(at: number, a: number, b: number): void {
    const stack = this.#exports.stackSave()
    try {
      ;(this.#exports.__indirect_function_table.get(at) as (a: number, b: number) => void)(a, b)
    } catch (error) {
      if (error !== Number.POSITIVE_INFINITY) throw error
      this.#exports.stackRestore(stack)
      this.#exports.setThrew(1, 0)
    }
  }

  #grow(bytes: number): number {
    const { memory } = this.#exports
    if (bytes > MEMORY_BYTES_MAX) return 0
    const pages = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES)
    try {
      memory.grow(Math.max(pages, 16))
      return 1
    } catch {
      return 0
    }
  }

  /** Memory that has grown is another buffer: the one before has no bytes any more. */
  #refresh(): void {
    if (this.u8.length === 0) this.u8 = new ByteArray(this.#exports.memory.buffer as ArrayBuffer)
  }

  // ---- functions

  #place(wasm: WasmModule, fn: (...args: number[]) => unknown): number {
    const instance = new Instance(wasm, { e: { f: fn } })
    const { __indirect_function_table: table } = this.#exports
    const at = table.grow(1)
    table.set(at, instance.exports.f)
    return at
  }

  /** Makes a JavaScript function one that Lua can be given: it takes arguments from the stack and returns how many results it has pushed. */
  functionOf(fn: (state: State) => number): number {
    functionModule ??= new Module(FUNCTION)
    return this.#place(functionModule, fn as (...args: number[]) => unknown)
  }

  hookOf(fn: (state: State) => void): number {
    hookModule ??= new Module(HOOK)
    return this.#place(hookModule, fn as (...args: number[]) => unknown)
  }

  // ---- bytes

  /** Room for so many bytes that is good until the next call. */
  scratch(bytes: number): number {
    if (bytes > this.#scratchBytes) {
      if (this.#scratch !== 0) this.api.free(this.#scratch)
      this.#scratchBytes = Math.max(bytes, 4096)
      this.#scratch = this.api.malloc(this.#scratchBytes)
      if (this.#scratch === 0) {
        this.#scratchBytes = 0
        throw new Error('Lua has no memory left for a string')
      }
    }
    this.#refresh()
    return this.#scratch
  }

  pushBytes(state: State, bytes: Uint8Array, from = 0, length = bytes.length): void {
    const at = this.scratch(length)
    copyBytes(this.u8, at, bytes, from, length)
    this.api.lua_pushlstring(state, at, length)
  }

  /** Pushes a text of one byte a character. */
  pushText(state: State, text: string): void {
    const at = this.scratch(text.length + 1)
    for (let i = 0; i < text.length; i++) this.u8[at + i] = text.charCodeAt(i)
    this.api.lua_pushlstring(state, at, text.length)
  }

  /** Length of the string found by the last `stringAt`. */
  stringLength = 0

  /** Where the string (or number, which becomes one) at a place on the stack lies; its length is in `stringLength`. 0 = it is neither. */
  stringAt(state: State, index: number): number {
    const at = this.api.lua_tolstring(state, index, this.#word)
    this.#refresh()
    this.stringLength = at === 0 ? 0 : this.u8.view.getUint32(this.#word, true)
    return at
  }

  /** A copy of the string at a place on the stack; undefined if there is none. */
  bytesAt(state: State, index: number): Uint8Array<ArrayBuffer> | undefined {
    const at = this.stringAt(state, index)
    return at === 0 ? undefined : this.u8.slice(at, at + this.stringLength)
  }

  /** The same as text, one character a byte. */
  textAt(state: State, index: number): string | undefined {
    const at = this.stringAt(state, index)
    if (at === 0) return undefined
    return Buffer.from(this.u8.buffer, at, this.stringLength).toString('latin1')
  }

  /** A C string, NUL at its end, in memory that is never freed. */
  constant(text: string): number {
    const at = this.api.malloc(text.length + 1)
    this.#refresh()
    for (let i = 0; i < text.length; i++) this.u8[at + i] = text.charCodeAt(i)
    this.u8[at + text.length] = 0
    return at
  }
}
