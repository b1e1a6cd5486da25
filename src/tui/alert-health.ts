// How an alert is: by its severity, unless somebody muted it.
import type { Alert } from './answers.ts'
import type { Health } from './screen.ts'

export function alertState({ labels, status }: Alert): Health {
  if (status.state !== 'active')
    return { state: 'ok', word: status.silencedBy.length > 0 ? 'muted' : status.state }
  const severity = labels['severity'] ?? ''
  if (severity === 'info') return { state: 'ok', word: 'info' }
  return severity.startsWith('warn')
    ? { state: 'warn', word: 'warn' }
    : { state: 'bad', word: severity || 'fires' }
}

/** What it is about, in one word of ours. */
export const aboutOf = ({ labels }: Pick<Alert, 'labels'>): string =>
  labels['table'] ?? labels['pipeline'] ?? labels['dataset'] ?? labels['source'] ?? labels['receiver'] ?? ''
