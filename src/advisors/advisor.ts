// What an advisor is: what is known in, advice out. Pure: the same facts, prices and time give the same advice.
import type { Advice, AdviceNeed } from '../model/advice.ts'
import { explainError } from '../model/errors.ts'
import type { Reader } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'
import type { Prices } from './prices.ts'

export interface Findings {
  readonly advice: readonly Advice[]
  /** What could not be judged: an unknown metric gives no advice, but says what to collect. */
  readonly needs: readonly AdviceNeed[]
}

/** A rule of ours that threw: what is known of its subject is neither confirmed nor refuted. */
export interface AdviceFailure {
  readonly advisor: string
  /** As the target of advice about it names it; '' for everything that the advisor judges. */
  readonly subject: string
  readonly error: string
}

export interface Judged extends Findings {
  readonly failed: readonly AdviceFailure[]
}

export interface Advisor {
  /** The folder's name. */
  readonly name: string
  advise(view: Reader, prices: Prices, now: Timestamp): Judged
}

/** Something that is judged by itself. */
export interface Subject<V> {
  readonly name: string
  /** What there is to know of it, or what is missing so that it can be judged. */
  readonly view: () => V | Findings
}

export const NOTHING: Findings = { advice: [], needs: [] }

export const together = (all: readonly Findings[]): Findings => ({
  advice: all.flatMap(({ advice }) => advice),
  needs: all.flatMap(({ needs }) => needs),
})

/** By each rule; one that throws on one subject stops neither the others nor itself on the next. */
export function judgeEach<V extends object>(
  advisor: string,
  subjects: Iterable<Subject<V>>,
  rules: ReadonlyArray<(view: V) => Findings>,
): Judged {
  const found: Findings[] = []
  const failed: AdviceFailure[] = []
  for (const { name, view } of subjects) {
    const attempt = <T>(judge: () => T): T | undefined => {
      try {
        return judge()
      } catch (error) {
        failed.push(failureOf(advisor, name, error))
        return undefined
      }
    }
    const seen = attempt(view)
    if (seen === undefined) continue
    if (isFindings(seen)) found.push(seen)
    else found.push(...rules.map((rule) => attempt(() => rule(seen)) ?? NOTHING))
  }
  return { ...together(found), failed }
}

export const failureOf = (advisor: string, subject: string, error: unknown): AdviceFailure => ({
  advisor,
  subject,
  error: explainError(error),
})

/** Whether the advice is about what could not be judged. */
export const isInDoubt = ({ advisor, target }: Advice, failed: readonly AdviceFailure[]): boolean =>
  failed.some(
    (one) => one.advisor === advisor && (one.subject === '' || Object.values(target).includes(one.subject)),
  )

const isFindings = (seen: object): seen is Findings => 'advice' in seen && 'needs' in seen
