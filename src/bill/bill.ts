// The door: the independent calculator, and what was billed set against it. Shares no code with advice.
export { type MeterEvent, priceBill } from './calculator.ts'
export { type Rates, ratesOf } from './rates.ts'
export { reckon } from './reckon.ts'
