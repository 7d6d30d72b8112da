// supabase-js against a running stack: prints what it heard as one JSON object.
// Arguments: url, key, access token, owner, table. Reads "go" on standard input, when the table was
// written to by somebody else.
import { once } from 'node:events'
import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

const [url, key, token, owner, table] = process.argv.slice(2)
const options = { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: WebSocket } }
const one = createClient(url, key, options)
const two = createClient(url, key, options)
await one.realtime.setAuth(token)
await two.realtime.setAuth(token)

const heard = { changes: [], filtered: [], broadcasts: [], states: [], presence: [] }

/** Subscribe and wait until the channel says so. */
function subscribed(channel) {
  return new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      heard.states.push(status)
      if (status === 'SUBSCRIBED') resolve()
      else if (status !== 'CLOSED') reject(error ?? new Error(status))
    })
  })
}

/** Wait for a fact under a deadline. */
async function eventually(fact) {
  const deadline = Date.now() + 8000
  while (!fact()) {
    if (Date.now() > deadline) throw new Error(`still not: ${fact}; heard ${JSON.stringify(heard)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const changes = one
  .channel('changes', { config: { postgres_changes_options: { wait: true } } })
  .on('postgres_changes', { event: '*', schema: 'public', table }, (change) => {
    heard.changes.push({ type: change.eventType, new: change.new, old: change.old, errors: change.errors })
  })
  .on(
    'postgres_changes',
    { event: 'INSERT', schema: 'public', table, filter: `owner=eq.${owner},body=in.("a,b",x)` },
    (change) => heard.filtered.push(change.new.body),
  )
await subscribed(changes)
process.stdout.write('ready\n')
await once(process.stdin, 'data')
await eventually(() => heard.changes.length === 3)

const room = (client, name) =>
  client.channel('room', { config: { broadcast: { ack: true }, presence: { key: name } } })
const sending = room(one, 'ada')
const listening = room(two, 'bob')
  .on('broadcast', { event: 'text' }, ({ payload }) => heard.broadcasts.push(payload))
  .on('broadcast', { event: 'bytes' }, ({ payload }) => heard.broadcasts.push([...new Uint8Array(payload)]))
  .on('presence', { event: 'join' }, ({ key: who, newPresences }) => heard.presence.push([who, newPresences[0].mood]))
await subscribed(sending)
await subscribed(listening)
heard.acks = [
  await sending.send({ type: 'broadcast', event: 'text', payload: { grüße: 1 } }),
  await sending.send({ type: 'broadcast', event: 'bytes', payload: new Uint8Array([0, 255, 16]).buffer }),
  await sending.send({ type: 'broadcast', event: 'bytes', payload: {}, persist: true }),
  await sending.track({ mood: 'glad' }),
]
await sending.httpSend('text', { over: 'http' })
await eventually(() => heard.broadcasts.length === 3 && heard.presence.length === 1)

heard.left = await one.removeChannel(changes)
const refused = two.channel('closed', { config: { private: true } })
heard.refusal = await new Promise((resolve) => {
  refused.subscribe((status, error) => resolve([status, error?.message]))
})
await two.removeAllChannels()
await one.removeAllChannels()
process.stdout.write(JSON.stringify(heard))
process.exit(0)
