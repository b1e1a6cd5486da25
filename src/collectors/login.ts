// A user and its password, as servers that people log in to take them.
import { z } from 'zod'
import type { Headers } from '../io/json-api.ts'
import { SecretText } from '../model/secret.ts'

export const Login = z.strictObject({ username: z.string().min(1), password: SecretText })
export type Login = z.output<typeof Login>

/** HTTP's Basic scheme (RFC 7617). */
export const basicAuth = ({ username, password }: Login): Headers => ({
  authorization: `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`,
})
