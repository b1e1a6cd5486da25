// A terminal without a terminal: Ink writes to it, a test types into it and changes its size.
import { EventEmitter } from 'node:events'

export interface FakeTerminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  /** All that was ever written. */
  readonly written: () => string
  type(text: string): void
  resize(columns: number, rows: number): void
  readonly isRaw: () => boolean
}

export function fakeTerminal(columns: number, rows: number): FakeTerminal {
  let written = ''
  let raw = false
  const typed: string[] = []
  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    writable: true,
    columns,
    rows,
    write(chunk: string | Uint8Array, encoding?: unknown, done?: unknown) {
      written += String(chunk)
      const callback = typeof encoding === 'function' ? encoding : done
      if (typeof callback === 'function') queueMicrotask(callback as () => void)
      return true
    },
  })
  const stdin = Object.assign(new EventEmitter(), {
    isTTY: true,
    setRawMode(on: boolean) {
      raw = on
      return stdin
    },
    setEncoding: () => stdin,
    ref: () => stdin,
    unref: () => stdin,
    resume: () => stdin,
    pause: () => stdin,
    read: () => typed.shift() ?? null,
  })
  return {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    written: () => written,
    isRaw: () => raw,
    type(text) {
      typed.push(text)
      stdin.emit('readable')
    },
    resize(toColumns, toRows) {
      Object.assign(stdout, { columns: toColumns, rows: toRows })
      stdout.emit('resize')
    },
  }
}
