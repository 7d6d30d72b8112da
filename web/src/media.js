// Camera and microphone: what can be had, and the sentence when it cannot.

/** @param {any} error  what getUserMedia threw */
export function mediaProblem(error) {
  const name = error?.name;
  if (name === "NotAllowedError" || name === "SecurityError") {
    return { code: "permission_denied", message: "The browser does not let this page use your camera or microphone. Allow both in the address bar, then check again. You can also join without them." };
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return { code: "no_device", message: "No camera or microphone was found. Plug one in and check again, or join without." };
  }
  if (name === "NotReadableError" || name === "AbortError") {
    return { code: "device_busy", message: "Another program is using the camera or microphone. Close it and check again, or join without." };
  }
  return { code: "media_failed", message: "The camera or microphone could not be started. You can join without." };
}

export const insecure = {
  code: "insecure_origin",
  message: "This page was not opened over https, so browsers give it no camera and no microphone. Open it over https. You can still join to listen and chat.",
};

/**
 * Camera and microphone, or as much of them as there is.
 * @param {{camera?: string, microphone?: string}} wanted  device ids
 * @returns {Promise<{stream: MediaStream, problem: {code: string, message: string} | null}>}
 */
export async function openMedia({ camera, microphone }) {
  const stream = new MediaStream();
  if (!navigator.mediaDevices?.getUserMedia) return { stream, problem: insecure };
  const video = { deviceId: camera, width: { ideal: 1280 }, height: { ideal: 720 } };
  const audio = { deviceId: microphone, echoCancellation: true, noiseSuppression: true };
  try {
    return { stream: await navigator.mediaDevices.getUserMedia({ video, audio }), problem: null };
  } catch (error) {
    const problem = mediaProblem(error);
    if (problem.code === "permission_denied") return { stream, problem };
    // One of the two may be there: a laptop without a camera still has a voice.
    for (const one of [{ audio }, { video }]) {
      const part = await navigator.mediaDevices.getUserMedia(one).catch(() => null);
      for (const track of part?.getTracks() ?? []) stream.addTrack(track);
    }
    const kinds = stream.getTracks().map(({ kind }) => kind);
    if (kinds.length === 1) {
      return { stream, problem: kinds[0] === "audio" ? { code: "no_camera", message: "No camera was found. You will be heard, not seen." } : { code: "no_microphone", message: "No microphone was found. You will be seen, not heard." } };
    }
    return { stream, problem };
  }
}

/** Loudness from 0 to 1, ten times a second. @param {MediaStream} stream @param {(level: number) => void} tell */
export function meter(stream, tell) {
  if (!stream.getAudioTracks().length) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    tell(Math.min(1, Math.sqrt(power) * 4));
  }, 100);
  return () => {
    clearInterval(timer);
    if (context.state !== "closed") void context.close();
  };
}
