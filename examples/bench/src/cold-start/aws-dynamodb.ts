export { DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
