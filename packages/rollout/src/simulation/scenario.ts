/** Traffic and faults of one simulated rollout. Rates and shares are 0 to 1; times are minutes since its start. */
export interface Scenario {
  readonly name: string
  readonly users: number
  readonly requestsPerMinute: number
  readonly minutes: number
  /** Users whose requests fail again and again, whatever the variation: errors come in clusters, by user. */
  readonly fragileUsers: number
  readonly fragileErrorRate: number
  /** What fails of anybody's requests. */
  readonly errorRate: number
  /** How many times control's errors the canary has: 1 is harmless. */
  readonly ratio: number
  /** The canary's requests that kill their process: nothing of them is ever finished, or counted as an error. */
  readonly kills: number
  /** An incident that has nothing to do with the flag. */
  readonly incident?: { readonly from: number; readonly to: number; readonly errorRate: number }
  /** Consumers handle a message up to so many minutes after it was decided. */
  readonly lagMinutes: number
  /** Users who were given the canary by name, and what fails of theirs. */
  readonly testers?: { readonly share: number; readonly errorRate: number }
  /** Stamps that no consumer believes for a while, as in a key rotation that went wrong: control runs, uncounted. */
  readonly lostStamps?: { readonly from: number; readonly to: number; readonly share: number }
  /** Somebody rolls back by hand and resumes. */
  readonly interruption?: { readonly rollBackAt: number; readonly resumeAt: number }
}

/** A shop with 20,000 users, 300 requests a minute, and about 0.8 % of errors, most of them of the same users. */
export const HARMLESS: Scenario = {
  name: 'harmless',
  users: 20_000,
  requestsPerMinute: 300,
  minutes: 120,
  fragileUsers: 0.02,
  fragileErrorRate: 0.3,
  errorRate: 0.002,
  ratio: 1,
  kills: 0,
  lagMinutes: 0,
}
