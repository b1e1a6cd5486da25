// JSON from strangers: bounded, with integers beyond 2^53 kept exact, and typed errors that name the file.
import { SourceError } from '../model/errors.ts'

export type Json = string | number | bigint | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

export interface JsonOrigin {
  /** The file, for messages. */
  readonly subject: string
  readonly version?: string | undefined
}

/** Longest JSON text that is parsed in one piece. */
export const JSON_MAX_CHARS = 64 * 1_048_576

const UNSAFE_INTEGER = /\d{16}/

/** Parses one JSON text. Integers that a double cannot hold become bigint; everything else is as JSON.parse gives it. */
export function parseJson(text: string, origin: JsonOrigin): Json {
  if (text.length > JSON_MAX_CHARS) {
    throw new SourceError(
      'too-large',
      `${origin.subject} has ${text.length} characters of JSON, the limit is ${JSON_MAX_CHARS}`,
      origin,
    )
  }
  try {
    // The reviver costs five times the parse; a text without 16 digits in a row has no integer that needs it.
    return UNSAFE_INTEGER.test(text) ? (JSON.parse(text, keepExact) as Json) : (JSON.parse(text) as Json)
  } catch (cause) {
    throw new SourceError('corrupt', `${origin.subject} is not valid JSON (${excerpt(text)})`, {
      ...origin,
      cause,
    })
  }
}

/** Parses a JSON text that must be an object, integers as doubles: for the many small texts whose numbers are sizes and times. */
export function parseQuickJsonObject(text: string, origin: JsonOrigin): JsonObject {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch (cause) {
    throw new SourceError('corrupt', `${origin.subject} is not valid JSON (${excerpt(text)})`, {
      ...origin,
      cause,
    })
  }
  if (isObject(value)) return value
  throw new SourceError('corrupt', `${origin.subject} is not a JSON object (${excerpt(text)})`, origin)
}

/** Parses a JSON text that must be an object. */
export function parseJsonObject(text: string, origin: JsonOrigin): JsonObject {
  const value = parseJson(text, origin)
  if (isObject(value)) return value
  throw new SourceError('corrupt', `${origin.subject} is not a JSON object (${excerpt(text)})`, origin)
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Fields of foreign objects: the value when it has the expected type, else null. */
export const stringOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)
export const booleanOf = (value: Json | undefined): boolean | null =>
  typeof value === 'boolean' ? value : null
export const arrayOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})

/** A finite number; also from a bigint or a decimal string, as writers of metrics spell them. */
export function numberOf(value: Json | undefined): number | null {
  if (typeof value === 'bigint') return Number(value)
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** An integer of any size, exact; for ids. */
export function integerOf(value: Json | undefined): bigint | null {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null
}

function keepExact(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
}

/** The first characters of a text, printable, for messages. */
const excerpt = (text: string): string => {
  const head = text.slice(0, 60).replaceAll(/[^\x20-\x7e]/g, '.')
  return `${text.length} characters, starts \`${head}\``
}
