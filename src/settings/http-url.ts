/** An address without user and password in it: those would end up in logs. */
export const HTTP_URL = {
  pattern: '^https?://[^\\s@?#]+$',
  wanted: 'an address that begins with http:// or https://, without a user or password',
};
