"""What reads ask for: columns by name where only some are granted, and who the people are."""

from __future__ import annotations

# All columns, where the table is granted as a whole: PostgREST takes 0.04 ms to read each name.
PERSON = "id,name,rating,rating_count"
REQUEST = (
    f"*,student:profiles!session_requests_student_profile({PERSON}),"
    f"mentor:profiles!session_requests_mentor_profile({PERSON})"
)
SESSION = (
    f"*,student:profiles!sessions_student_profile({PERSON}),"
    f"mentor:profiles!sessions_mentor_profile({PERSON})"
)
NOTICE = "*"
MENTOR = "id,name,bio,rating,rating_count,total_sessions_taught,time_zone,subjects"
PROFILE = "id,name,bio,is_mentor,rating,rating_count,total_sessions_taught,time_zone"
SUBJECT = "id,name,description"
PROPOSAL = (
    "id,session_id,proposed_by,previous_time,scheduled_time,duration,message,status,reason,"
    "expires_at,created_at,batch_id"
)
WEBHOOK = "id,url,description,kinds,enabled,failures,created_at"
DELIVERY = (
    "id,notification_id,recipient_id,channel,kind,endpoint_id,subscription_id,status,attempts,"
    "next_attempt_at,outcome,response_status,created_at,closed_at"
)
ATTEMPT = "id,delivery_id,attempted_at,response_status,outcome,milliseconds"
BROWSER = "id,endpoint,created_at"
SERIES = (
    "id,student_id,mentor_id,subject_id,title,frequency,time_zone,first_time,duration,occurrences"
)
EVENT = "id,request_id,session_id,actor_id,kind,detail,created_at"
REMINDER = "id,session_id,reminder_time,sent,closed_at"
