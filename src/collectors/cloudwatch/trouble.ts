// What went wrong in one poll: one problem a subject, and an error only where nothing worked at all.
import { type Reason, explainError, reasonOf } from '../../model/errors.ts'
import type { ProblemFact } from '../../model/facts.ts'
import { type Millis, type Timestamp, readableCount, readableDuration } from '../../model/units.ts'
import type { BatchOutcome } from './reading.ts'

const SHOWN = 5

export class Trouble {
  readonly #source: string
  readonly #now: Timestamp
  readonly #problems = new Map<string, { readonly reason: Reason; readonly texts: Set<string> }>()
  #first: unknown
  #worked = false

  constructor(source: string, now: Timestamp) {
    this.#source = source
    this.#now = now
  }

  worked(): void {
    this.#worked = true
  }

  failed(subject: string, error: unknown): void {
    this.#first ??= error
    this.#say(subject, reasonOf(error), explainError(error))
  }

  /** A limit of ours was reached. */
  omitted(subject: string, texts: readonly string[]): void {
    for (const text of texts) this.#say(subject, 'too-large', text)
  }

  heard(subject: string, { error, answered, said }: BatchOutcome<unknown>): void {
    if (error !== undefined) this.failed(subject, error)
    else this.worked()
    const partial = answered.filter(({ answers }) => answers.some(({ complete }) => !complete)).length
    if (partial > 0)
      this.#say(
        subject,
        'gap',
        `CloudWatch gave ${readableCount(partial)} of ${readableCount(answered.length)} answers in part; they are asked for again`,
      )
    for (const text of said) this.#say(subject, 'gap', `CloudWatch remarks: ${text}`)
  }

  /** The budget does not reach. */
  short(subject: string, metrics: number, perDay: number, late: Millis | null): void {
    const since = late === null ? '' : `; the last look was ${readableDuration(late)} ago`
    this.#say(
      subject,
      'too-large',
      `the budget of ${readableCount(perDay)} metrics a day does not reach for ${readableCount(metrics)} more now${since}; raise \`budget\` or watch fewer`,
    )
  }

  odd(minutes: readonly string[]): void {
    this.#say(
      'values',
      'unsupported',
      `values without PipelineSuccess or PipelineFailure, of which no run is made: ${minutes.slice(0, SHOWN).join(', ')}${minutes.length > SHOWN ? ` and ${minutes.length - SHOWN} more` : ''}`,
    )
  }

  *facts(): Generator<ProblemFact> {
    for (const [subject, { reason, texts }] of this.#problems)
      yield {
        kind: 'problem',
        id: `${this.#source}/${subject}`,
        source: this.#source,
        subject,
        tableId: null,
        reason,
        message: [...texts].slice(0, SHOWN).join('; '),
        since: this.#now,
        resolved: null,
      }
  }

  throwIfNothingWorked(): void {
    if (!this.#worked && this.#first !== undefined) throw this.#first
  }

  #say(subject: string, reason: Reason, text: string): void {
    const known = this.#problems.get(subject)
    if (known) known.texts.add(text)
    else this.#problems.set(subject, { reason, texts: new Set([text]) })
  }
}
