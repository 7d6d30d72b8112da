// What the scripts share: a client of the gateway under test, checks, and a report for Python.
import assert from 'node:assert/strict'
import { createClient } from '@supabase/supabase-js'

export { assert }

const { URL: url, PUBLISHABLE_KEY: publishable, SECRET_KEY: secret } = process.env
const options = { auth: { persistSession: false, autoRefreshToken: false } }

/** A visitor's client; each has a session of its own. */
export const visitor = () => createClient(url, publishable, options)

/** A server's client. */
export const service = () => createClient(url, secret, options)

/** An address nobody else uses. */
export const address = () => `${crypto.randomUUID()}@example.test`

/** The data of an answer that must have succeeded. */
export function ok(answer) {
  assert.equal(answer.error, null, JSON.stringify(answer.error))
  return answer.data
}

/** Check that an answer is refused with this status and code, and give its error. */
export function refused(answer, status, code) {
  assert.ok(answer.error, `expected ${code}, got ${JSON.stringify(answer.data)}`)
  assert.deepEqual([answer.error.status ?? answer.status, answer.error.code], [status, code])
  return answer.error
}

/** Run named checks in order; the first that fails ends the script with its name. */
export async function run(checks) {
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check()
    } catch (error) {
      console.error(`${name}: ${error.stack ?? error}`)
      process.exit(1)
    }
    console.log(`ok ${name}`)
  }
  console.log('all ok')
  process.exit(0)
}
