"""The columns that reads ask for: named, so that a column a newer database adds changes nothing."""

from __future__ import annotations

REQUEST = (
    "id,student_id,mentor_id,subject_id,title,description,requested_time,duration,status,"
    "video_room_id,rejection_reason,rejection_code,created_at,responded_at,expires_at,updated_at"
)
SESSION = (
    "id,request_id,mentor_id,student_id,subject_id,title,description,scheduled_time,duration,"
    "status,video_room_id,mentor_approved,mentor_response_at,cancelled_by,cancel_reason,no_show,"
    "pre_session_notes,post_session_notes,created_at,updated_at"
)
NOTICE = "id,recipient_id,kind,request_id,session_id,payload,created_at,read_at,updated_at"
MENTOR = "id,name,bio,rating,rating_count,total_sessions_taught,time_zone,subjects"
PROFILE = "id,name,bio,is_mentor,rating,rating_count,total_sessions_taught,time_zone"
SUBJECT = "id,name,description"
PROPOSAL = (
    "id,session_id,proposed_by,previous_time,scheduled_time,duration,message,status,reason,"
    "expires_at,created_at,batch_id"
)
