/**
 * Rejects when the work is not done in time. The work's own signal is aborted then; it may ignore it, the caller does not
 * wait all the same. What the work does later, even failing, is nobody's concern.
 */
export async function withDeadline<T>(work: (signal: AbortSignal) => Promise<T>, deadlineMs: number): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const reason = new Error(`no answer within ${deadlineMs} ms`)
      reject(reason)
      controller.abort(reason)
    }, deadlineMs)
  })
  try {
    return await Promise.race([work(controller.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
