// An answer of the daemon that screens ask for again and again, and what is known of it now.
import type { Client } from '../api/client.ts'
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
  /** When the last good answer came; null before the first. */
  readonly at: Timestamp | null
  /** Why the newest attempt failed; null when it did not. */
  readonly error: string | null
}

export type Get = <T>(one: Feed<T>) => T | undefined

export const getFrom =
  (held: ReadonlyMap<string, Held>): Get =>
  <T>(one: Feed<T>) =>
    held.get(one.key)?.value as T | undefined

export const ask = async <T>(client: Client, one: Feed<T>, signal?: AbortSignal): Promise<T> =>
  one.read(await client.get(one.path, one.params, signal))

/** A feed without a path is the terminal's own: nobody is asked. */
export const isAsked = ({ path }: Feed<unknown>): boolean => path !== ''
