// The process's randomness, handed to whoever spreads retries; tests hand their own.
export const systemRandom = (): number => Math.random()
