/** The browser client, made of `client/` by the build. */
export const script: string;
export const style: string;
