// Every receiver kind, one line each.
import { alertmanager } from './alertmanager/alertmanager.ts'
import { email } from './email/email.ts'
import { log } from './log/log.ts'
import { msteams, msteamsv2 } from './msteams/msteams.ts'
import { opsgenie } from './opsgenie/opsgenie.ts'
import { pagerduty } from './pagerduty/pagerduty.ts'
import type { Receiver } from './receiver.ts'
import { slack } from './slack/slack.ts'
import { sns } from './sns/sns.ts'
import { webhook } from './webhook/webhook.ts'

export const receivers: readonly Receiver[] = [
  alertmanager,
  email,
  log,
  msteams,
  msteamsv2,
  opsgenie,
  pagerduty,
  slack,
  sns,
  webhook,
]
