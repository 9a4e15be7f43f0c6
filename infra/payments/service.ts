/**
 * The service that keys and metrics belong to. A name of our own, because the function's changes when CloudFormation
 * replaces the function, and its keys would be forgotten with it.
 */
export const SERVICE = 'payments'
