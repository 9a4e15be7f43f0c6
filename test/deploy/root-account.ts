/** The root account of the emulator, which may do everything there and nothing anywhere else. */
export const ROOT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
} as const
