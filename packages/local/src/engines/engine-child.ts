/** The process behind `startEngineProcess`: one engine, which says its endpoint and ends with its standard input. */
import { startKinesis } from './kinesis.ts'
import { startSqsSns } from './sqs-sns.ts'

const [engine, directory = ''] = process.argv.slice(2)

const { endpoint, close } = await (engine === 'kinesis'
  ? startKinesis({ path: directory })
  : startSqsSns({ dataDir: directory }))

process.stdin.on('end', () => void close().then(() => process.exit(0))).resume()
process.stdout.write(`${endpoint}\n`)
