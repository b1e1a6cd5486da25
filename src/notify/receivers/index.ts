// Every receiver kind, one line each.
import { log } from './log/log.ts'
import type { Receiver } from './receiver.ts'
import { webhook } from './webhook/webhook.ts'

export const receivers = [log, webhook] as const satisfies readonly Receiver[]
