import { type JsonObject, ServiceError, startJsonServer } from './json-protocol.ts'
import { LOCAL_ACCOUNT, LOCAL_REGION } from './loopback.ts'
import { type ServiceFault, startFault } from './service-fault.ts'

export interface ParameterStore extends ServiceFault {
  readonly endpoint: string
  /** Reads answered so far, failed ones included: what AWS would have billed or throttled. */
  reads(): number
  close(): Promise<void>
}

interface Parameter {
  readonly Name: string
  readonly Type: string
  readonly Value: string
  readonly Version: number
}

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html */
const TYPES = new Set(['String', 'StringList', 'SecureString'])
/** Bytes of a standard parameter, which this stand-in keeps all in. */
const MAX_BYTES = 4096
/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html */
const MAX_PAGE = 10

/**
 * Starts a stand-in for Systems Manager's Parameter Store on loopback: putting a parameter, getting one, getting those
 * under a path. Parameters live in memory. A `SecureString` is only readable with decryption.
 *
 * @example
 * const ssm = await startParameterStore()
 * new SSMClient({ endpoint: ssm.endpoint })
 */
export async function startParameterStore(): Promise<ParameterStore> {
  const parameters = new Map<string, Parameter>()
  const { failWith, check } = startFault()
  let reads = 0

  const shown = (parameter: Parameter, input: JsonObject): object => ({
    ...parameter,
    Value: parameter.Type === 'SecureString' && input['WithDecryption'] !== true ? ENCRYPTED : parameter.Value,
    ARN: `arn:aws:ssm:${LOCAL_REGION}:${LOCAL_ACCOUNT}:parameter${parameter.Name.replace(/^(?!\/)/, '/')}`,
    DataType: 'text',
  })

  const server = await startJsonServer({
    service: 'AmazonSSM',
    version: '1.1',
    operations: {
      PutParameter(input) {
        check()
        const { Name, Value, Type, Overwrite } = input
        const old = parameters.get(String(Name))
        if (old !== undefined && Overwrite !== true) {
          throw new ServiceError('ParameterAlreadyExists', 'The parameter already exists.')
        }
        const type = String(Type ?? old?.Type)
        if (!TYPES.has(type)) throw new ServiceError('ValidationException', `The type ${type} is unknown.`)
        if (Buffer.byteLength(String(Value)) > MAX_BYTES) {
          throw new ServiceError(
            'ValidationException',
            `Standard tier parameters hold at most ${MAX_BYTES} characters.`,
          )
        }
        const Version = (old?.Version ?? 0) + 1
        parameters.set(String(Name), { Name: String(Name), Type: type, Value: String(Value), Version })
        return { Version, Tier: 'Standard' }
      },
      GetParameter(input) {
        reads += 1
        check()
        const parameter = parameters.get(String(input['Name']))
        if (parameter === undefined) throw new ServiceError('ParameterNotFound', '')
        return { Parameter: shown(parameter, input) }
      },
      GetParametersByPath(input) {
        reads += 1
        check()
        const path = String(input['Path']).replace(/\/?$/, '/')
        const found = [...parameters.values()]
          .filter(({ Name }) => Name.startsWith(path))
          .filter(({ Name }) => input['Recursive'] === true || !Name.slice(path.length).includes('/'))
        const from = Number(input['NextToken'] ?? 0)
        const to = from + Math.min(Number(input['MaxResults'] ?? MAX_PAGE), MAX_PAGE)
        return {
          Parameters: found.slice(from, to).map((parameter) => shown(parameter, input)),
          ...(to < found.length ? { NextToken: String(to) } : {}),
        }
      },
    },
  })
  return { endpoint: server.endpoint, failWith, reads: () => reads, close: () => server.close() }
}

/** What a SecureString looks like to who does not ask for decryption. */
const ENCRYPTED = 'AQICAHh-encrypted'
