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
const DENIED = /AccessDenied|Unauthorized|NotAuthorized|Credential|Token|Signature|OptInRequired/i
const TIMED_OUT = /Timeout|ETIMEDOUT|ESOCKETTIMEDOUT/

/** `action` in CloudWatch's words: GetMetricData, ListMetrics, PutMetricData; `where` the endpoint without secrets. */
export function judgeCloudWatch(
  thrown: unknown,
  { action, where }: { readonly action: string; readonly where: string },
): CloudWatchVerdict {
  if (thrown instanceof SourceError) return { error: thrown, retry: false }
  const foreign = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Foreign
  const status = foreign.$metadata?.httpStatusCode
  const name =
    typeof foreign.name === 'string' && /^[\w.-]{1,80}$/.test(foreign.name) ? foreign.name : 'error'
  const code = typeof foreign.code === 'string' ? foreign.code : ''
  const verdict = (reason: Reason, said: string, retry: boolean): CloudWatchVerdict => ({
    error: new SourceError(reason, said, { subject: where }),
    retry,
  })
  const asked = `${action} at ${where}`
  if (THROTTLED.test(name) || status === 429 || status === 503)
    return verdict('throttled', `CloudWatch throttles: ${asked} was answered ${status ?? ''} ${name}`, true)
  if (DENIED.test(name) || status === 401 || status === 403)
    return verdict('denied', denial(name, action, asked), false)
  if (TIMED_OUT.test(name) || TIMED_OUT.test(code))
    return verdict('timeout', `${asked} was not answered in time`, true)
  if (status !== undefined && status >= 400 && status < 500)
    return verdict('unsupported', `${asked} was answered ${status} ${name}`, false)
  const said = quoted(foreign)
  if (/Region is missing/.test(said))
    return verdict('unreachable', 'No AWS region is known for CloudWatch; set region, or AWS_REGION', false)
  return verdict('unreachable', `${asked} failed: ${status ?? code} ${name}${said}`, true)
}

const denial = (name: string, action: string, asked: string): string =>
  name === 'CredentialsProviderError'
    ? `${asked}: no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or run with a role`
    : `${asked} was denied (${name}): the credentials need cloudwatch:${action}`

/** Only what this machine said is repeated, never what a server wrote: it may echo what was signed. */
function quoted({ message, $metadata }: Foreign): string {
  if (typeof message !== 'string' || message === '' || $metadata?.httpStatusCode !== undefined) return ''
  return ` (${message.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 200)})`
}
