// What becomes of advice: found again or gone, and what people decide. Pure: a fact in, a fact out.
import type { Advice, AdviceFact, AdviceState, AdviceStep, Realised } from '../model/advice.ts'
import { SourceError } from '../model/errors.ts'
import type { Known } from '../model/known.ts'
import { type Millis, type Timestamp, DAY, millis, plus } from '../model/units.ts'

const MAX_STEPS = 50
/** Evidence that moved by more than this brings dismissed advice back. */
const MOVED = 0.25
/** Advice that is over is kept this long: its results shrink or widen later estimates. */
const KEPT_FOR = millis(400 * DAY)
const ADVISER = 'tidemark'

/** Its content follows what is found; in every other state it is frozen as it was when somebody took it up. */
const FOLLOWS: ReadonlySet<AdviceState> = new Set<AdviceState>(['active', 'snoozed'])
/** It may be found anew as if it had never been. */
const OVER: ReadonlySet<AdviceState> = new Set<AdviceState>([
  'expired',
  'superseded',
  'rolled-back',
  'failed',
])
/** Nobody has answered it. */
export const isOpen = ({ state }: AdviceFact): boolean => state === 'active'

export type Decision =
  | { readonly action: 'accept' }
  | { readonly action: 'dismiss' }
  | { readonly action: 'snooze'; readonly length: Millis }
  | { readonly action: 'applied'; readonly rollback: Known<string> }
  | { readonly action: 'failed' }
  | { readonly action: 'rolled-back' }
  | { readonly action: 'reopen' }

export interface Decided {
  readonly decision: Decision
  /** Of the advice that was looked at: what changed meanwhile is looked at again. */
  readonly etag: Known<string>
  readonly by: string
  readonly reason: string
}

const ALLOWED: Readonly<Record<Decision['action'], readonly AdviceState[]>> = {
  accept: ['active', 'snoozed', 'dismissed'],
  dismiss: ['active', 'snoozed', 'claimed'],
  snooze: ['active', 'snoozed'],
  applied: ['active', 'snoozed', 'claimed'],
  failed: ['active', 'claimed', 'applied'],
  'rolled-back': ['applied', 'verified', 'underdelivered', 'regressed', 'inconclusive'],
  reopen: ['dismissed', 'snoozed', 'claimed', 'failed', 'rolled-back'],
}

const TARGET: Readonly<Record<Decision['action'], AdviceState>> = {
  accept: 'claimed',
  dismiss: 'dismissed',
  snooze: 'snoozed',
  applied: 'applied',
  failed: 'failed',
  'rolled-back': 'rolled-back',
  reopen: 'active',
}

/** Throws SourceError: 'vanished' where the advice changed since it was read, 'unsupported' where its state forbids it, 'corrupt' where a reason is missing. */
export function decide(fact: AdviceFact, decided: Decided, now: Timestamp): AdviceFact {
  const { decision, etag, by, reason } = decided
  const subject = fact.id
  if (etag !== null && etag !== fact.advice.etag) {
    throw new SourceError(
      'vanished',
      `advice ${subject} has changed since it was read (etag ${etag}, now ${fact.advice.etag}); look at it again`,
      { subject },
    )
  }
  if (!ALLOWED[decision.action].includes(fact.state)) {
    throw new SourceError(
      'unsupported',
      `${decision.action} needs advice that is ${ALLOWED[decision.action].join(' or ')}; ${subject} is ${fact.state}`,
      { subject },
    )
  }
  if ((decision.action === 'dismiss' || decision.action === 'snooze') && reason.trim() === '') {
    throw new SourceError('corrupt', `${decision.action} ${subject}: say why, so that the next one knows`, {
      subject,
    })
  }
  const moved = step(fact, TARGET[decision.action], { at: now, by, reason })
  switch (decision.action) {
    case 'snooze':
      return { ...moved, until: plus(now, decision.length) }
    case 'applied':
      return {
        ...moved,
        appliedAt: now,
        rollback: decision.rollback ?? fact.advice.change.rollback,
        until: null,
      }
    default:
      return { ...moved, until: null }
  }
}

/** What an `applied` piece turned out to be. */
export function verified(fact: AdviceFact, realised: Realised, state: AdviceState): AdviceFact {
  if (state === fact.state) return { ...fact, realised }
  return { ...step(fact, state, { at: realised.at, by: ADVISER, reason: realised.how }), realised }
}

function step(fact: AdviceFact, to: AdviceState, said: Pick<AdviceStep, 'at' | 'by' | 'reason'>): AdviceFact {
  const one: AdviceStep = { ...said, from: fact.state, to }
  return { ...fact, state: to, since: said.at, steps: [...fact.steps, one].slice(-MAX_STEPS) }
}

/** What is found now against what was known: what to record, and which ids can be forgotten. */
export function settleAdvice(
  found: readonly Advice[],
  known: readonly AdviceFact[],
  now: Timestamp,
): { readonly facts: readonly AdviceFact[]; readonly forgotten: readonly string[] } {
  const byId = new Map(known.map((fact) => [fact.id, fact]))
  const ids = new Set(found.map(({ id }) => id))
  const facts = found.map((advice) => settleOne(byId.get(advice.id), advice, now))
  const missing = known.filter(({ id }) => !ids.has(id))
  return {
    facts: [
      ...facts.filter((fact) => fact !== byId.get(fact.id)),
      ...missing
        .filter(({ state }) => FOLLOWS.has(state) || state === 'dismissed')
        .map((fact) =>
          step(fact, 'expired', {
            at: now,
            by: ADVISER,
            reason: 'what it rested on is no longer so, or its subject is gone',
          }),
        ),
    ],
    forgotten: missing
      .filter(({ state, since }) => OVER.has(state) && now - since > KEPT_FOR)
      .map(({ id }) => id),
  }
}

function settleOne(before: AdviceFact | undefined, advice: Advice, now: Timestamp): AdviceFact {
  if (before === undefined) return born(advice, now)
  if (OVER.has(before.state)) {
    const again = step(before, 'active', { at: now, by: ADVISER, reason: 'found again' })
    return {
      ...again,
      advice,
      refreshedAt: now,
      until: null,
      appliedAt: null,
      rollback: null,
      realised: null,
    }
  }
  if (FOLLOWS.has(before.state)) {
    const current = { ...before, advice, refreshedAt: now }
    if (before.state === 'snoozed' && before.until !== null && now >= before.until)
      return {
        ...step(current, 'active', { at: now, by: ADVISER, reason: 'the snooze is over' }),
        until: null,
      }
    return current
  }
  if (before.state === 'dismissed' && hasMoved(before.advice, advice)) {
    const reason = `what it rests on moved by more than ${MOVED * 100} % since it was dismissed`
    return { ...step(before, 'active', { at: now, by: ADVISER, reason }), advice, refreshedAt: now }
  }
  return before
}

const born = (advice: Advice, now: Timestamp): AdviceFact => ({
  kind: 'advice',
  id: advice.id,
  advice,
  state: 'active',
  since: now,
  createdAt: now,
  refreshedAt: now,
  until: null,
  appliedAt: null,
  rollback: null,
  realised: null,
  steps: [{ at: now, from: null, to: 'active', by: ADVISER, reason: 'found' }],
})

/** By its money where that is known, else by the observation that grew or shrank most. */
function hasMoved(before: Advice, after: Advice): boolean {
  const [a, b] = [before.cost.savings, after.cost.savings]
  if (a !== null && b !== null) return differs(a.p50, b.p50)
  if ((a === null) !== (b === null)) return true
  const values = new Map(before.evidence.map(({ metric, value }) => [metric, value]))
  return after.evidence.some(({ metric, value }) => differs(values.get(metric) ?? value, value))
}

const differs = (a: number, b: number): boolean =>
  Math.abs(a - b) > MOVED * Math.max(Math.abs(a), Number.EPSILON)
