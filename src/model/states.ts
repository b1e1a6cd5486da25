// Words for states as people and systems write them → ours; a word without a meaning is `unknown`, never guessed.
import type { RunState } from './run-facts.ts'

const WORDS: ReadonlyMap<string, RunState> = new Map(
  Object.entries({
    pending: ['pending', 'queued', 'scheduled', 'waiting', 'created', 'submitted'],
    running: ['running', 'started', 'start', 'in_progress', 'active', 'executing'],
    retrying: ['retrying', 'up_for_retry', 'restarting'],
    paused: ['paused', 'suspended'],
    success: [
      'success',
      'succeeded',
      'successful',
      'ok',
      'complete',
      'completed',
      'done',
      'finished',
      'pass',
      'passed',
    ],
    failure: ['failure', 'failed', 'fail'],
    error: ['error', 'errored', 'crashed', 'runtime_error'],
    timeout: ['timeout', 'timed_out', 'timedout'],
    cancelled: ['cancelled', 'canceled', 'aborted', 'abort', 'killed', 'stopped', 'cancellation'],
    skipped: ['skipped', 'skip'],
  } satisfies Partial<Record<RunState, string[]>>).flatMap(([state, words]) =>
    words.map((word) => [word, state as RunState] as const),
  ),
)

export const stateOf = (word: string): RunState =>
  WORDS.get(
    word
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, '_'),
  ) ?? 'unknown'
