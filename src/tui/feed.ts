// An answer of the daemon that screens ask for again and again, and what is known of it now.
import { z } from 'zod'
import type { Client } from '../api/client.ts'
import { SourceError, explainError, reasonOf } from '../model/errors.ts'
import type { Timestamp } from '../model/units.ts'

export interface Feed<T> {
  /** Identity: the path with its parameters. */
  readonly key: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  /** Only what is looked at is checked; the rest of the answer is passed over. */
  read(answer: unknown): T
}

export function feed<T>(
  path: string,
  params: Readonly<Record<string, string>>,
  read: (answer: unknown) => T,
): Feed<T> {
  return { key: `${path}?${new URLSearchParams(params).toString()}`, path, params, read }
}

/** The last good answer stays, with its age, when the next one fails. */
export interface Held {
  readonly value: unknown
  /** The entity tag of the answer that the value was read from. */
  readonly tag: string | null
  /** When the last good answer came; null before the first. */
  readonly at: Timestamp | null
  /** Why the newest attempt failed; null when it did not. */
  readonly error: Failure | null
}

/** Before the first answer. */
export const NOTHING: Held = { value: undefined, tag: null, at: null, error: null }

export interface Failure {
  readonly text: string
  /** Nobody answers there at all. */
  readonly unreachable: boolean
}

export const failureOf = (error: unknown): Failure => ({
  text: explainError(error),
  unreachable: reasonOf(error) === 'unreachable',
})

export type Get = <T>(one: Feed<T>) => T | undefined

export const getFrom =
  (held: ReadonlyMap<string, Held>): Get =>
  <T>(one: Feed<T>) =>
    held.get(one.key)?.value as T | undefined

/** Answers `before` itself while the daemon's answer is the same: nothing is sent, read or judged anew. */
export async function ask(
  client: Client,
  one: Feed<unknown>,
  before: Pick<Held, 'value' | 'tag'> = NOTHING,
  signal?: AbortSignal,
): Promise<Pick<Held, 'value' | 'tag'>> {
  const changed = await client.getChanged(one.path, one.params, before.tag, signal)
  if (changed === undefined) return before
  try {
    return { value: one.read(changed.answer), tag: changed.tag }
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause
    const { path, message } = cause.issues[0]!
    throw new SourceError(
      'unsupported',
      `${one.path} answered in other words than expected, is the daemon of another version? ${path.join('.')}: ${message}`,
      { subject: one.path },
    )
  }
}

/** A feed without a path is the terminal's own: nobody is asked. */
export const isAsked = ({ path }: Feed<unknown>): boolean => path !== ''
