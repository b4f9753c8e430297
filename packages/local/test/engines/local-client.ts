/** What a client needs beside an endpoint; nothing else differs from a default-constructed one. */
export const LOCAL_CLIENT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
} as const
