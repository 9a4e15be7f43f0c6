/** The root account of the emulator. These credentials are not valid anywhere else. */
export const ROOT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
} as const
