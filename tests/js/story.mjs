// The product's story as a frontend tells it: supabase-js on the documented tables and channel, and
// socket.io-client for the room. Nothing of mentorkit's own is imported.
import assert from 'node:assert/strict'
import { createClient } from '@supabase/supabase-js'
import { io } from 'socket.io-client'

const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, SIGNALING_URL } = process.env
const PATIENCE = 15_000
const REASON = 'I am travelling that day; how about Friday?'
const options = { auth: { persistSession: false, autoRefreshToken: false } }

const service = createClient(SUPABASE_URL, SUPABASE_SECRET_KEY, options)

/** The data of an answer that must have succeeded. */
function ok({ data, error }) {
  assert.equal(error, null, JSON.stringify(error))
  return data
}

function refused(answer, code) {
  assert.equal(answer.error?.code, code, JSON.stringify(answer.error ?? answer.data))
  return answer.error
}

/** A whole minute at least this many minutes from now: requests are made at the minute. */
const minute = (ahead) => new Date((Math.floor(Date.now() / 60_000) + ahead + 1) * 60_000).toISOString()

/** What arrives, kept until somebody asks for it: nothing is missed by asking late. */
class Inbox {
  #arrived = []
  #waiting = []

  put(item) {
    this.#arrived.push(item)
    this.#waiting.splice(0).forEach((look) => look())
  }

  get size() {
    return this.#arrived.length
  }

  async find(what, fits) {
    const late = Date.now() + PATIENCE
    for (;;) {
      const at = this.#arrived.findIndex(fits)
      if (at >= 0) return this.#arrived.splice(at, 1)[0]
      const left = late - Date.now()
      assert.ok(left > 0, `${what} did not come; there were ${JSON.stringify(this.#arrived)}`)
      await new Promise((look) => {
        const timer = setTimeout(look, left)
        this.#waiting.push(() => (clearTimeout(timer), look()))
      })
    }
  }
}

async function signUp(name) {
  const client = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, options)
  const email = `${crypto.randomUUID()}@example.test`
  const { user, session } = ok(
    await client.auth.signUp({ email, password: 'correct horse', options: { data: { name } } }),
  )
  return { name, client, id: user.id, token: session.access_token }
}

/** Subscribe as the documentation says; returns once changes flow, which is told by `system`. */
async function watch(person, event, filter) {
  const inbox = new Inbox()
  const states = new Inbox()
  person.client
    .channel('session_requests_changes')
    .on('postgres_changes', { event, schema: 'public', table: 'session_requests', filter }, (change) =>
      inbox.put(change),
    )
    .on('system', {}, (state) => states.put(state))
    .subscribe((status, error) => {
      if (status === 'CHANNEL_ERROR') states.put({ status, error: String(error) })
    })
  const state = await states.find('the subscription', () => true)
  assert.equal(state.status, 'ok', JSON.stringify(state))
  return inbox
}

async function join(person, room) {
  const socket = io(SIGNALING_URL, {
    auth: { token: person.token },
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  })
  const signals = new Inbox()
  socket.on('signal', (signal) => signals.put(signal))
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  const ask = (event, payload) => socket.timeout(PATIENCE).emitWithAck(event, payload)
  return { socket, signals, ask, answer: await ask('join', { room }) }
}

const student = await signUp('Sam Student')
const mentor = await signUp('Maya Mentor')
const stranger = await signUp('Sid Stranger')

const step = async (name, work) => {
  try {
    const result = await work()
    console.log(`ok ${name}`)
    return result
  } catch (error) {
    console.error(`${name}: ${error.stack ?? error}`)
    process.exit(1)
  }
}

await step('a mentor is one who has taught', async () => {
  const taught = { is_mentor: true, total_sessions_taught: 3 }
  ok(await service.from('profiles').update(taught).eq('id', mentor.id).select().single())
  const listed = ok(await student.client.from('mentors').select().eq('id', mentor.id).single())
  assert.deepEqual([listed.name, listed.total_sessions_taught], ['Maya Mentor', 3])
})

const subject = await step('the student picks a subject', async () =>
  ok(await student.client.from('subjects').select().order('name').limit(1).single()),
)

const [mentorSees, studentSees, strangerSees] = await step('all watch the documented channel', () =>
  Promise.all([
    watch(mentor, 'INSERT', `mentor_id=eq.${mentor.id}`),
    watch(student, 'UPDATE', `student_id=eq.${student.id}`),
    watch(stranger, '*', undefined),
  ]),
)

const request = (title, when, person = student) =>
  person.client
    .from('session_requests')
    .insert({
      student_id: student.id,
      mentor_id: mentor.id,
      subject_id: subject.id,
      title,
      requested_time: when,
      duration: 30,
    })
    .select()
    .single()

const answer = (id, change, person = mentor) =>
  person.client.from('session_requests').update(change).eq('id', id).select()

const asked = await step('the student requests by insert', async () => {
  const row = ok(await request('Recursion, slowly', minute(2)))
  assert.deepEqual([row.status, row.video_room_id], ['pending', null])
  return row
})

await step('the mentor is notified', async () => {
  const { eventType, new: row } = await mentorSees.find('the request', (seen) => seen.new.id === asked.id)
  assert.equal(eventType, 'INSERT')
  assert.deepEqual([row.title, row.student_id, row.duration], ['Recursion, slowly', student.id, 30])
})

const room = await step('the mentor approves by updating the status', async () => {
  const [row] = ok(await answer(asked.id, { status: 'approved' }))
  assert.match(row.video_room_id, /^room-[a-z0-9]{8}$/)
  return row.video_room_id
})

await step('the student is told with the room id', async () => {
  const told = await studentSees.find('the approval', (seen) => seen.new.id === asked.id)
  assert.deepEqual([told.new.status, told.new.video_room_id], ['approved', room])
})

await step('both see the session, a stranger does not', async () => {
  const session = (person) =>
    person.client.from('sessions').select('title, duration, status, video_room_id').eq('video_room_id', room)
  for (const person of [student, mentor]) {
    const [seen] = ok(await session(person))
    assert.deepEqual(
      seen,
      { title: 'Recursion, slowly', duration: 30, status: 'scheduled', video_room_id: room },
    )
  }
  assert.deepEqual(ok(await session(stranger)), [])
})

await step('a rejection needs a reason and reaches the student with it', async () => {
  const row = ok(await request('Monads', minute(24 * 60)))
  refused(await answer(row.id, { status: 'rejected' }), 'reason_required')
  refused(await answer(row.id, { status: 'rejected', rejection_reason: ' \u200b ' }), 'reason_required')
  ok(await answer(row.id, { status: 'rejected', rejection_reason: REASON }))
  const told = await studentSees.find('the rejection', (seen) => seen.new.id === row.id)
  assert.deepEqual([told.new.status, told.new.rejection_reason], ['rejected', REASON])
  assert.equal(told.new.video_room_id, null)
})

await step('a time in the past is refused', async () => {
  refused(await request('Yesterday', minute(-24 * 60)), 'time_in_past')
})

await step('a stranger neither asks for others nor answers nor hears of it', async () => {
  const row = ok(await request('Type theory', minute(48 * 60)))
  refused(await request('In your name', minute(72 * 60), stranger), '42501')
  assert.deepEqual(ok(await answer(row.id, { status: 'approved' }, stranger)), [])
  refused(await stranger.client.rpc('approve_request', { request_id: row.id }), 'not_found')
  const [untouched] = ok(await mentor.client.from('session_requests').select().eq('id', row.id))
  assert.equal(untouched.status, 'pending')
  await mentorSees.find('the last request', (seen) => seen.new.id === row.id)
  assert.equal(strangerSees.size, 0)
})

await step('both join the room and exchange description and candidate', async () => {
  const first = await join(mentor, room)
  assert.deepEqual(first.answer.peers, [], JSON.stringify(first.answer))
  const second = await join(student, room)
  assert.equal(second.answer.peers.length, 1, JSON.stringify(second.answer))
  const outside = await join(stranger, room)
  assert.equal(outside.answer.error?.code, 'not_a_participant')

  const offer = { type: 'offer', sdp: 'v=0\r\ns=offer\r\n' }
  const reply = { type: 'answer', sdp: 'v=0\r\ns=answer\r\n' }
  const candidate = {
    candidate: 'candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host',
    sdpMid: '0',
    sdpMLineIndex: 0,
  }
  const exchange = async (from, to, description) => {
    for (const part of [{ description }, { candidate }]) {
      const sent = await from.ask('signal', { to: to.answer.peer, ...part })
      assert.equal(sent?.error, undefined, JSON.stringify(sent))
      const { from: sender, description: told, candidate: way } = await to.signals.find('a signal', () => true)
      assert.equal(sender, from.answer.peer)
      assert.deepEqual(told ?? way, part.description ?? part.candidate)
    }
  }
  await exchange(first, second, offer)
  await exchange(second, first, reply)
  assert.equal(outside.signals.size, 0)
  for (const peer of [first, second, outside]) peer.socket.disconnect()
})

console.log('story: ok')
process.exit(0)
