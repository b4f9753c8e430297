import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { LOCAL_REGION, startCloudWatch } from '@waybill/local'
import type { ReadMinutes } from '@waybill/rollout'
import { cloudWatchMinutes } from '@waybill/rollout/cloudwatch'
import { FUNCTION_NAMES } from '../local/functions.ts'
import type { RolloutClock } from './clock.ts'

/** The functions' metrics by the minutes of a rollout's clock, from their logs through CloudWatch's interface. */
export interface RolloutMetrics {
  /** Takes a raw line of a function's log. */
  add(line: string): void
  readonly minutes: ReadMinutes
  close(): Promise<void>
}

export async function startRolloutMetrics(clock: RolloutClock): Promise<RolloutMetrics> {
  const cloudWatch = await startCloudWatch()
  const client = new CloudWatchClient({
    endpoint: cloudWatch.endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  return {
    add: (line) => {
      if (line.includes('"_aws"')) cloudWatch.putLogLine(atRolloutTime(line, clock))
    },
    minutes: cloudWatchMinutes({ client, services: FUNCTION_NAMES }),
    close: async () => {
      client.destroy()
      await cloudWatch.close()
    },
  }
}

/** Metrics are filed under the time that their line gives: that is what puts them into the rollout's minutes. */
export function atRolloutTime(line: string, clock: Pick<RolloutClock, 'fromWall'>): string {
  return line.replace(
    /"Timestamp":(\d+)/,
    (_, atMs: string) => `"Timestamp":${Math.floor(clock.fromWall(Number(atMs)))}`,
  )
}
