import { createHash, randomUUID } from 'node:crypto'
import { type JsonObject, ServiceError, startJsonServer } from './json-protocol.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from './loopback.ts'
import { type ServiceFault, startFault } from './service-fault.ts'

export interface SecretsManager extends ServiceFault {
  readonly endpoint: string
  /** Reads answered so far, failed ones included: what AWS would have billed or throttled. */
  reads(): number
  close(): Promise<void>
}

interface Version {
  readonly id: string
  readonly text: string
}

interface Secret {
  readonly name: string
  readonly arn: string
  readonly stages: ReadonlyMap<string, Version>
}

/**
 * Starts a stand-in for Secrets Manager on loopback: creating a secret, putting a new value, getting one by name, ARN and
 * stage. Secrets live in memory. No rotation functions, no binary values, no resource policies: everybody may read.
 *
 * @example
 * const secrets = await startSecretsManager()
 * new SecretsManagerClient({ endpoint: secrets.endpoint })
 */
export async function startSecretsManager(): Promise<SecretsManager> {
  const secrets = new Map<string, Secret>()
  const { failWith, check } = startFault()
  let reads = 0

  const find = (input: JsonObject): Secret => {
    const id = String(input['SecretId'])
    const secret = secrets.get(id) ?? [...secrets.values()].find(({ arn }) => arn === id)
    // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    if (secret === undefined) {
      throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
    }
    return secret
  }
  const put = (secret: Omit<Secret, 'stages'> & Partial<Secret>, text: unknown): object => {
    if (typeof text !== 'string' || text === '') {
      throw new ServiceError('InvalidParameterException', 'Only secrets with a SecretString are emulated.')
    }
    const version = { id: randomUUID(), text }
    const current = secret.stages?.get('AWSCURRENT')
    const stages = new Map<string, Version>([['AWSCURRENT', version]])
    if (current !== undefined) stages.set('AWSPREVIOUS', current)
    secrets.set(secret.name, { ...secret, stages })
    return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: ['AWSCURRENT'] }
  }

  const server = await startJsonServer({
    service: 'secretsmanager',
    version: '1.1',
    operations: {
      CreateSecret(input) {
        check()
        const name = String(input['Name'])
        if (secrets.has(name)) throw new ServiceError('ResourceExistsException', `The secret ${name} already exists.`)
        // Six characters that nobody can guess end each ARN: a secret made anew under an old name is another one.
        const suffix = createHash('sha256')
          .update(randomUUID())
          .digest('base64url')
          .replaceAll(/[-_]/g, 'x')
          .slice(0, 6)
        return put(
          { name, arn: `arn:aws:secretsmanager:${LOCAL_REGION}:${LOCAL_ACCOUNT}:secret:${name}-${suffix}` },
          input['SecretString'],
        )
      },
      PutSecretValue(input) {
        check()
        return put(find(input), input['SecretString'])
      },
      GetSecretValue(input) {
        reads += 1
        check()
        const { name, arn, stages } = find(input)
        const stage = String(input['VersionStage'] ?? 'AWSCURRENT')
        const version = stages.get(stage)
        if (version === undefined) {
          const message = `Secrets Manager can't find the specified secret value for staging label: ${stage}`
          throw new ServiceError('ResourceNotFoundException', message)
        }
        return { ARN: arn, Name: name, VersionId: version.id, SecretString: version.text, VersionStages: [stage] }
      },
    },
  })
  return { endpoint: server.endpoint, failWith, reads: () => reads, close: () => server.close() }
}
