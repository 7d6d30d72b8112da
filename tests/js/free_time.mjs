// Everything about free time as a frontend does it: plain supabase-js, tables and functions of the
// database. Nothing of mentorkit's own is imported.
import assert from 'node:assert/strict'
import { createClient } from '@supabase/supabase-js'

const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY } = process.env
const options = { auth: { persistSession: false, autoRefreshToken: false } }
const service = createClient(SUPABASE_URL, SUPABASE_SECRET_KEY, options)
const HOUR = 3_600_000
const DAY = 24 * HOUR

/** The data of an answer that must have succeeded. */
function ok({ data, error }) {
  assert.equal(error, null, JSON.stringify(error))
  return data
}

function refused({ data, error }, code) {
  assert.equal(error?.code, code, JSON.stringify(error ?? data))
}

async function signUp(name) {
  const client = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, options)
  const email = `${crypto.randomUUID()}@example.test`
  const { user } = ok(await client.auth.signUp({ email, password: crypto.randomUUID(), options: { data: { name } } }))
  return { id: user.id, client }
}

const midnight = Math.floor(Date.now() / DAY) * DAY
/** An instant so many days ahead, at that hour (UTC). */
const at = (days, hour) => new Date(midnight + days * DAY + hour * HOUR).toISOString()
/** The same as a local time without a zone, as series have it. */
const local = (days, hour) => at(days, hour).slice(0, 16)
const same = (one, other) => new Date(one).getTime() === new Date(other).getTime()

const mentor = await signUp('Maya')
const student = await signUp('Sam')
const other = await signUp('Olga')
ok(await service.from('profiles').update({ is_mentor: true, total_sessions_taught: 3 }).eq('id', mentor.id))
const [subject] = ok(await student.client.from('subjects').select('id').limit(1))
ok(await mentor.client.from('mentor_subjects').insert({ mentor_id: mentor.id, subject_id: subject.id }))
const ask = (client, when, duration = 60) =>
  client.rpc('request_session', {
    mentor_id: mentor.id, subject_id: subject.id, title: 'Free time', requested_time: when, duration,
  })

// ---- hours and terms
const week = [1, 2, 3, 4, 5, 6, 7]
ok(await mentor.client.from('availability_rules').insert(
  week.map((weekday) => ({ weekday, start_time: '09:00', end_time: '17:00' })),
))
ok(await mentor.client.from('availability_overrides').insert({ on_date: at(9, 0).slice(0, 10) }))
ok(await mentor.client.from('booking_terms').insert({
  time_zone: 'UTC', buffer_after_minutes: 15, step_minutes: 60, max_sessions_per_day: 3,
}))
refused(await student.client.from('availability_rules')
  .insert({ mentor_id: mentor.id, weekday: 1, start_time: '00:00', end_time: '01:00' }), '42501')
assert.deepEqual(ok(await student.client.from('availability_rules').select('*')), [])
refused(await mentor.client.from('booking_terms').update({ time_zone: 'Mars/Olympus' }).eq('mentor_id', mentor.id), 'unknown_time_zone')
console.log('hours: ok')

// ---- slots: what is offered is bookable, what is not names its rule
const slots = async (day) =>
  ok(await student.client.rpc('available_slots', {
    mentor_id: mentor.id, from_time: at(day, 0), to_time: at(day + 1, 0), duration: 60,
  }))
assert.equal((await slots(8)).length, 8)
assert.equal((await slots(9)).length, 0)
const why = ok(await student.client.rpc('explain_day', { mentor_id: mentor.id, on_date: at(9, 0).slice(0, 10) }))
assert.deepEqual([...new Set(why.map((row) => row.reason))], ['closed'])
const [offered] = await slots(8)
assert.ok(same(offered.starts_at, at(8, 9)))
const first = ok(await ask(student.client, offered.starts_at))
const session = ok(await mentor.client.rpc('approve_request', { request_id: first.id }))
refused(await ask(other.client, at(8, 10)), 'slot_taken') // 15 minutes of buffer
refused(await ask(other.client, at(8, 20)), 'outside_hours')
const best = ok(await other.client.rpc('suggest_slots', {
  subject_id: subject.id, duration: 60, from_time: at(8, 0), to_time: at(9, 0), max_slots: 100,
}))
assert.ok(best.some((slot) => slot.mentor_id === mentor.id && same(slot.starts_at, at(8, 11))))
console.log('slots: ok')

// ---- moving
const proposal = ok(await student.client.rpc('propose_reschedule', { session_id: session.id, scheduled_time: at(8, 14) }))
refused(await student.client.rpc('accept_reschedule', { proposal_id: proposal.id }), 'not_allowed')
const moved = ok(await mentor.client.rpc('accept_reschedule', { proposal_id: proposal.id }))
assert.ok(same(moved.scheduled_time, at(8, 14)))
assert.equal(moved.video_room_id, session.video_room_id)
refused(await mentor.client.rpc('accept_reschedule', { proposal_id: proposal.id }), 'proposal_not_pending')
console.log('moving: ok')

// ---- many at once
const some = []
for (const hour of [9, 11, 13]) some.push(ok(await ask(other.client, at(10, hour))).id)
const items = [...some, crypto.randomUUID()]
const answer = ok(await mentor.client.rpc('approve_requests', { request_ids: items, idempotency_key: 'once' }))
assert.deepEqual(answer.map((item) => item.code ?? 'ok'), ['ok', 'ok', 'ok', 'not_found'])
assert.deepEqual(ok(await mentor.client.rpc('approve_requests', { request_ids: items, idempotency_key: 'once' })), answer)
refused(await ask(student.client, at(10, 16)), 'cap_reached')
console.log('many: ok')

// ---- a series
const rule = {
  mentor_id: mentor.id, first_time: local(10, 12), frequency: 'weekly', time_zone: 'UTC', duration: 60, occurrences: 4,
}
const seen = ok(await student.client.rpc('preview_series', rule))
assert.deepEqual(seen.map((row) => row.is_free), [false, true, true, true])
refused(await student.client.rpc('request_series', { ...rule, subject_id: subject.id, title: 'Weekly' }), 'series_clash')
const series = ok(await student.client.rpc('request_series', { ...rule, subject_id: subject.id, title: 'Weekly', skip: [1] }))
const weekly = ok(await mentor.client.rpc('approve_series', { series_id: series.id }))
assert.equal(weekly.length, 3)
ok(await student.client.rpc('cancel_series_sessions', { session_id: weekly[1].id, scope: 'following', reason: 'Exams' }))
const left = ok(await student.client.from('sessions').select('id').eq('status', 'scheduled').in('id', weekly.map((s) => s.id)))
assert.deepEqual(left.map((row) => row.id), [weekly[0].id])
console.log('series: ok')

// ---- session types
const type = ok(await mentor.client.from('session_templates')
  .insert({ title: 'Code review', subject_id: subject.id, duration: 90 }).select().single())
const typed = ok(await student.client.rpc('request_template', { template_id: type.id, requested_time: at(11, 9) }))
assert.deepEqual([typed.title, typed.duration], ['Code review', 90])
console.log('types: ok')

// ---- afterwards
const past = ok(await service.from('sessions').insert({
  mentor_id: mentor.id, student_id: student.id, title: 'Taught', scheduled_time: at(-1, 1), duration: 60, status: 'ongoing',
}).select().single())
ok(await service.from('sessions').update({ status: 'completed' }).eq('id', past.id))
ok(await student.client.rpc('rate_session', { session_id: past.id, rating: 4, comment: 'Clear' }))
refused(await student.client.rpc('rate_session', { session_id: past.id, rating: 5 }), 'already_rated')
ok(await mentor.client.rpc('write_session_notes', { session_id: past.id, post_session_notes: 'Chapter 4 next' }))
const [history] = ok(await student.client.from('sessions')
  .select('title, post_session_notes, session_ratings(rating, rater_id)').eq('id', past.id))
assert.deepEqual(history, {
  title: 'Taught', post_session_notes: 'Chapter 4 next', session_ratings: [{ rating: 4, rater_id: student.id }],
})
const [profile] = ok(await student.client.from('mentors').select('rating, rating_count, total_sessions_taught').eq('id', mentor.id))
assert.deepEqual(profile, { rating: 4, rating_count: 1, total_sessions_taught: 4 })
console.log('afterwards: ok')

console.log('free time: ok')
