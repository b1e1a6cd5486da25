// Texts of messages: the user's templates with Alertmanager's data, or our own words.
import type { NotifyConfig } from './config.ts'
import type { Wording } from './receivers/wording.ts'

export function createWording(_config: NotifyConfig, _readFile: (file: string) => string): Wording {
  return { expand: (template, notification, fallback) => template ?? fallback(notification) }
}
