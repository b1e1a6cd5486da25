// The door: one frame as text, or the terminal until the user leaves.
export { type Once, once } from './once.ts'
export { SCREENS, TABS, screenOf } from './screens.ts'
export { createPaint } from './theme.ts'
