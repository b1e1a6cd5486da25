// A recommendation: what to change, what it saves, how sure that is, how to undo it, and what became of it.
import type { Known } from './known.ts'
import type { Labels } from './series.ts'
import type { Timestamp, Usd } from './units.ts'

/**
 * The order in which advice is applied when its savings are added up: what is eliminated needs no schedule, what is
 * scheduled away needs no size, and so on; each stage saves on what the stages before it left.
 */
export const ADVICE_STAGES = ['eliminate', 'schedule', 'size', 'layout', 'storage', 'purchase'] as const
export type AdviceStage = (typeof ADVICE_STAGES)[number]

/** What it is about; what does not apply is null. */
export interface AdviceTarget {
  readonly source: Known<string>
  readonly region: Known<string>
  /** A bucket, a cluster, an application: what the bill names. */
  readonly resource: Known<string>
  /** The dataset's id and its readable name. */
  readonly tableId: Known<string>
  readonly table: Known<string>
  readonly prefix: Known<string>
  readonly pipeline: Known<string>
}

/** One observation that the advice rests on. */
export interface Evidence {
  readonly metric: string
  readonly value: number
  readonly unit: string
  /** `now`, `p99`, `sum`, … and over which time. */
  readonly statistic: string
  readonly window: string
  /** How many observations it is made of. */
  readonly n: number
  /** The query or file that reproduces it. */
  readonly from: string
  readonly asOf: Timestamp
}

/** One line of a monthly bill: a quantity of what a meter counts, at its price. */
export interface MeterLine {
  /** What the bill charges it to: lines of one resource and meter are one thing. */
  readonly resource: string
  readonly meter: string
  readonly quantity: number
  readonly unit: string
  readonly unitPrice: Usd
  readonly cost: Usd
}

export interface Range90 {
  readonly p10: Usd
  readonly p50: Usd
  readonly p90: Usd
}

export type PriceBasis = 'list' | 'contracted' | 'effective'

export interface AdviceCost {
  readonly basis: PriceBasis
  /** The day for which the prices were taken, `2026-07-20`. */
  readonly pricesAsOf: string
  /** False when any price in it was not confirmed in a source. */
  readonly pricesVerified: boolean
  /** A month as it is and as it would be: only the meters that change. */
  readonly before: readonly MeterLine[]
  readonly after: readonly MeterLine[]
  readonly oneOff: readonly MeterLine[]
  /** A month; null where something that decides it is unknown (see inputsMissing). */
  readonly savings: Known<Range90>
  readonly paybackDays: Known<number>
  /** Where savings are unknown: what would have to be so for it to pay, as a sentence. */
  readonly breakEven: Known<string>
}

export interface AdviceRisk {
  /** 0 none … 4 high, as AWS Compute Optimizer counts. */
  readonly performance: 0 | 1 | 2 | 3 | 4
  readonly dataLoss: 'none' | 'reversible' | 'irreversible'
  readonly blastRadius: string
  readonly reasons: readonly string[]
}

export type ChangeFormat =
  | 's3-lifecycle-json'
  | 'terraform'
  | 'spark-conf'
  | 'sql'
  | 'aws-cli'
  | 'cron'
  | 'text'

/** Ready to paste. */
export interface Change {
  readonly format: ChangeFormat
  readonly before: Known<string>
  readonly after: string
  /** The command that applies it, where `after` is not one itself. */
  readonly applyCommand: Known<string>
  /** The same in other words: Terraform, the AWS CLI, another engine. */
  readonly otherForms: ReadonlyArray<{ readonly format: ChangeFormat; readonly text: string }>
  /** What must hold at the moment it is applied. */
  readonly preconditions: readonly string[]
  readonly verifySteps: readonly string[]
  readonly rollback: string
}

/** One of our own series, by name and labels. */
export interface SeriesRef {
  readonly metric: string
  readonly labels: Labels
}

/** `cost` over `per` (both as a day's mean): bytes stored, files a scan, seconds a run. */
export interface UnitCost {
  readonly cost: SeriesRef
  readonly per: Known<SeriesRef>
}

/** How its effect is measured once it is applied. */
export interface VerificationPlan {
  /** The series or facts compared. */
  readonly method: string
  /** What should fall, a unit of work; null where nothing we collect tells. */
  readonly unitCost: Known<UnitCost>
  readonly baselineDays: number
  readonly windowDays: number
}

export type Effort = 'very low' | 'low' | 'medium' | 'high' | 'very high'
export type Priority = 'P1' | 'P2' | 'P3' | 'P4'

export interface Advice {
  /** Stable across runs: a hash of what is advised about what. */
  readonly id: string
  /** Of the content: a decision names the etag it was taken on. */
  readonly etag: string
  readonly advisor: string
  /** What is advised, one word: `compact`, `fix-writer`, `vacuum`, … A label of series: few values. */
  readonly topic: string
  readonly stage: AdviceStage
  readonly title: string
  readonly why: string
  readonly target: AdviceTarget
  /** Advice of one group excludes each other: take one. */
  readonly alternatives: Known<string>
  readonly dependsOn: readonly string[]
  readonly conflictsWith: readonly string[]
  readonly priority: Priority
  readonly evidence: readonly Evidence[]
  readonly lookbackDays: number
  /** What would make it surer, one sentence each: what to collect and how. */
  readonly inputsMissing: readonly string[]
  readonly cost: AdviceCost
  /** What else changes: run times, latency, access. */
  readonly effects: readonly string[]
  readonly risk: AdviceRisk
  /** 0..1 */
  readonly confidence: number
  readonly effort: Effort
  readonly restartNeeded: boolean
  readonly rollbackPossible: boolean
  readonly change: Change
  readonly verification: VerificationPlan
  readonly asOf: Timestamp
  /** When its evidence is stale. */
  readonly expiresAt: Timestamp
}

/** Something an advisor could not judge, and what to collect so that it can. */
export interface AdviceNeed {
  readonly advisor: string
  /** The table, bucket or pipeline; '' for all of them. */
  readonly subject: string
  readonly collect: string
}

export const ADVICE_STATES = [
  'active',
  'claimed',
  'applied',
  'verified',
  'underdelivered',
  'regressed',
  'inconclusive',
  'rolled-back',
  'failed',
  'dismissed',
  'snoozed',
  'superseded',
  'expired',
] as const
export type AdviceState = (typeof ADVICE_STATES)[number]

export interface AdviceStep {
  readonly at: Timestamp
  readonly from: Known<AdviceState>
  readonly to: AdviceState
  readonly by: string
  readonly reason: string
}

/** What a change really did, measured. */
export interface Realised {
  readonly at: Timestamp
  /** A month; null where it could not be told in money. */
  readonly savings: Known<Range90>
  /** Change of the unit cost, 0.3 = 30 % less; with the interval that the data allow. */
  readonly reduction: { readonly low: number; readonly mid: number; readonly high: number }
  readonly days: { readonly before: number; readonly after: number }
  readonly how: string
}

/** Advice and what people decided about it. Entity. */
export interface AdviceFact {
  readonly kind: 'advice'
  readonly id: string
  /** As last found; frozen once somebody claimed, applied or dismissed it. */
  readonly advice: Advice
  readonly state: AdviceState
  /** When it came into this state. */
  readonly since: Timestamp
  readonly createdAt: Timestamp
  readonly refreshedAt: Timestamp
  /** Of a snooze. */
  readonly until: Known<Timestamp>
  readonly appliedAt: Known<Timestamp>
  /** What undoes it, saved when it was applied. */
  readonly rollback: Known<string>
  readonly realised: Known<Realised>
  /** Oldest first, bounded. */
  readonly steps: readonly AdviceStep[]
}

/** What all open advice comes to together, and what could not be judged. Entity, one. */
export interface AdvisingFact {
  readonly kind: 'advising'
  readonly id: 'advice'
  readonly at: Timestamp
  /** One consistent set of it priced once; savings of single pieces are never added. */
  readonly total: AdviceTotal
  readonly needs: readonly AdviceNeed[]
  readonly needsOmitted: number
  /** Rules that threw instead of judging; the advice known of their subjects is as it was. Absent in older state. */
  readonly failed?: number
}

export interface AdviceTotal {
  /** A month of everything that the set touches, before and after. */
  readonly before: Usd
  readonly after: Usd
  /** The middle is the difference; the ends are as if every piece of the set came to its own low or high end. */
  readonly savings: Range90
  /** Ids of the set, in the order in which it is applied. */
  readonly set: readonly string[]
  /** What each topic saves of it, in that order: together the difference. */
  readonly byTopic: Readonly<Record<string, Usd>>
}
