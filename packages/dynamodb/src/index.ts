export { type DynamoDbFlagStoreOptions, dynamoDbFlagStore } from './flag-store.ts'
