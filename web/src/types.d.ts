// The shapes that pass between the modules. Rows are named as the database names them.

export interface Config {
  supabaseUrl: string;
  publishableKey: string;
  signalingUrl: string;
  functionsUrl: string;
}

export interface Subject { id: string; name: string; description?: string | null }

export interface Profile {
  id: string;
  name: string;
  bio: string | null;
  is_mentor: boolean;
  rating: number | null;
  rating_count: number;
  total_sessions_taught: number;
  time_zone: string;
}

export interface Mentor extends Omit<Profile, "is_mentor"> { subjects: Subject[] }

export type RequestStatus = "pending" | "approved" | "rejected" | "expired" | "cancelled";

export interface SessionRequest {
  id: string;
  student_id: string;
  mentor_id: string;
  subject_id: string;
  title: string;
  description: string | null;
  requested_time: string;
  end_time: string;
  duration: number;
  status: RequestStatus;
  video_room_id: string | null;
  rejection_reason: string | null;
  rejection_code: string | null;
  created_at: string;
  responded_at: string | null;
}

export type SessionStatus = "scheduled" | "ongoing" | "completed" | "cancelled";

export interface Session {
  id: string;
  request_id: string | null;
  mentor_id: string;
  student_id: string;
  subject_id: string;
  title: string;
  description: string | null;
  scheduled_time: string;
  end_time: string;
  duration: number;
  status: SessionStatus;
  video_room_id: string | null;
  cancelled_by: string | null;
  cancel_reason: string | null;
  no_show: string | null;
  pre_session_notes: string | null;
  post_session_notes: string | null;
}

export interface Rating { session_id: string; rater_id: string; rated_id: string; rating: number; comment: string | null }

/** Another time for a session, waiting for the other side's answer. */
export interface Proposal {
  id: string;
  session_id: string;
  proposed_by: string;
  scheduled_time: string;
  duration: number;
  message: string | null;
}

/** Free starts of one mentor in one month; `many` when there are too many to be listed. */
export interface Slots { key: string; days: Record<string, string[]>; many: boolean }

export interface Hours {
  /** Times as "HH:MM"; the key tells rows apart while they are edited. */
  week: { key: string; weekday: number; start: string; end: string }[];
  dates: { key: string; date: string; closed: boolean; start: string; end: string }[];
  zone: string;
  notice: number;
  before: number;
  after: number;
  step: number;
  perDay: number | null;
  changed: boolean;
  busy: boolean;
  error: string;
}

export interface Notice {
  id: string;
  kind: string;
  request_id: string | null;
  session_id: string | null;
  payload: Record<string, unknown> | null;
  created_at: string;
  read_at: string | null;
}

export interface Draft {
  mentor_id: string;
  subject_id: string;
  title: string;
  description: string;
  date: string;
  time: string;
  duration: number;
  /** Sent with the request: a retry after a lost answer does not ask twice. */
  key: string;
}

export type Live = "connecting" | "live" | "offline";

export interface Toast {
  id: string;
  tone: "info" | "good" | "bad" | "request";
  title: string;
  text?: string;
  /** A toast of a request carries Approve and Reject and stays until answered. */
  request?: SessionRequest;
}

export interface Dialog {
  kind: "reject" | "reject-many" | "cancel" | "rate" | "notes" | "move" | "decline";
  id: string;
  busy?: boolean;
  error?: string;
}

export interface Route { name: string; arg: string }

export interface State {
  phase: "starting" | "signed-out" | "ready" | "failed";
  route: Route;
  now: number;
  user: { id: string; email: string } | null;
  profile: Profile | null;
  people: Record<string, Profile>;
  mentors: Mentor[] | null;
  subjects: Subject[] | null;
  requests: SessionRequest[] | null;
  sessions: Session[] | null;
  notices: Notice[] | null;
  ratings: Rating[] | null;
  proposals: Proposal[] | null;
  slots: Slots | null;
  /** After a time was taken: the next ones that are free. */
  nextFree: string[];
  hours: Hours | null;
  /** Requests chosen to be answered together. */
  picked: Set<string>;
  live: Live;
  /** Message of the last failed load, shown with a way to try again. */
  failure: string;
  /** Ids with an action under way: their buttons wait. */
  busy: Set<string>;
  toasts: Toast[];
  announcement: string;
  dialog: Dialog | null;
  draft: Draft;
  draftErrors: Partial<Record<keyof Draft | "form", string>>;
  draftBusy: boolean;
  /** The day the calendar looks at; its month is shown. */
  calendarAt: string;
  sign: { mode: "in" | "up"; error: string; busy: boolean; again: boolean };
  profileBusy: boolean;
  copied: string;
}

export interface RoomState {
  phase: "starting" | "signed-out" | "lobby" | "call" | "refused" | "left";
  roomId: string;
  session: Session | null;
  opensAt: string;
  now: number;
  signError: string;
  signBusy: boolean;
  /** Code of the reason why the room is closed to us. */
  refusal: string;
  camera: boolean;
  microphone: boolean;
  screen: boolean;
  devices: MediaDeviceInfo[];
  cameraId: string;
  microphoneId: string;
  level: number;
  mediaProblem: string;
  checking: boolean;
  local: MediaStream | null;
  remote: MediaStream | null;
  other: string;
  otherMedia: { audio: boolean; video: boolean; screen: boolean } | null;
  call: string;
  trouble: string;
  chat: { mine: boolean; text: string; at: number }[];
  chatOpen: boolean;
  unread: number;
  announcement: string;
}
