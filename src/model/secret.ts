// A value that must never be printed: whatever shows it by accident shows `<redacted>`.
import { z } from 'zod'

export const REDACTED = '<redacted>'

export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  /** The value itself, at the one place that needs it. */
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return REDACTED
  }
  toJSON(): string {
    return REDACTED
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED
  }
}

/** A config field that holds a secret; printed back it is `<redacted>`. */
export const SecretText = z.codec(z.string().min(1), z.instanceof(Secret), {
  decode: (text) => new Secret(text),
  encode: () => REDACTED,
})
