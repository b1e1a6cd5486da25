// What CloudWatch (or the network before it) answered, as a SourceError and whether another try may help. No secret gets in.
import { type Reason, SourceError } from '../model/errors.ts'

export interface CloudWatchVerdict {
  readonly error: SourceError
  readonly retry: boolean
}

/** The parts of an SDK or Node error that we look at. */
interface Foreign {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
}

const THROTTLED = /^(Throttl|RequestLimitExceeded|TooManyRequests|LimitExceeded|SlowDown|ServiceUnavailable)/
/** A page that is asked for too late (InvalidNextToken) has nothing to do with credentials. */
const DENIED = /AccessDenied|Unauthorized|NotAuthorized|Credential|(?<!Next)Token|Signature|OptInRequired/i
const TIMED_OUT = /Timeout|ETIMEDOUT|ESOCKETTIMEDOUT/

/** `action` in CloudWatch's words: GetMetricData, ListMetrics, PutMetricData; `where` the endpoint without secrets. */
export function judgeCloudWatch(
  thrown: unknown,
  { action, where }: { readonly action: string; readonly where: string },
): CloudWatchVerdict {
  if (thrown instanceof SourceError) return { error: thrown, retry: false }
  const foreign = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Foreign
  const { status, name, code } = saidBy(foreign)
  const verdict = (reason: Reason, said: string, retry: boolean): CloudWatchVerdict => ({
    error: new SourceError(reason, said, { subject: where }),
    retry,
  })
  const asked = `${action} at ${where}`
  if (THROTTLED.test(name) || status === 429 || status === 503)
    return verdict('throttled', `CloudWatch throttles: ${asked} was answered ${status ?? ''} ${name}`, true)
  if (DENIED.test(name) || status === 401 || status === 403)
    return verdict('denied', denial(name, action, asked), false)
  if (TIMED_OUT.test(name) || TIMED_OUT.test(code) || status === 408)
    return verdict('timeout', `${asked} was not answered in time`, true)
  const answered = `${asked} was answered ${status ?? ''} ${name}`
  if (isElsewhere(name, status))
    return verdict('unreachable', `${answered}: is this an endpoint of CloudWatch?`, false)
  if (status === 400 || status === 413) return verdict('unsupported', answered, false)
  const said = quoted(foreign)
  if (/Region is missing/.test(said))
    return verdict('unreachable', 'No AWS region is known for CloudWatch; set region, or AWS_REGION', false)
  return verdict('unreachable', `${asked} failed: ${status ?? code} ${name}${said}`, true)
}

function saidBy({ name, code, $metadata }: Foreign) {
  return {
    status: $metadata?.httpStatusCode,
    name: typeof name === 'string' && /^[\w.-]{1,80}$/.test(name) ? name : 'error',
    code: typeof code === 'string' ? code : '',
  }
}

/** Answers of something that is no CloudWatch: what was asked may be right. */
const isElsewhere = (name: string, status: number | undefined): boolean =>
  name.startsWith('UnknownOperation') ||
  (status !== undefined && status > 400 && status < 500 && status !== 413)

const denial = (name: string, action: string, asked: string): string =>
  name === 'CredentialsProviderError'
    ? `${asked}: no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or run with a role`
    : `${asked} was denied (${name}): the credentials need cloudwatch:${action}`

/** Only what this machine said is repeated, never what a server wrote: it may echo what was signed. */
function quoted({ message, $metadata }: Foreign): string {
  if (typeof message !== 'string' || message === '' || $metadata?.httpStatusCode !== undefined) return ''
  return ` (${message.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 200)})`
}
