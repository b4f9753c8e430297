export interface Deadline {
  /** Resolves with `undefined` when the time is up, and never once it was cancelled. */
  readonly passed: Promise<undefined>
  cancel(): void
}

export function deadline(ms: number): Deadline {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  return { passed, cancel: () => clearTimeout(timer) }
}
