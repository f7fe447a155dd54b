/** The synthetic request that a build gives an app. */
export const WARM_UP_URL = "http://warm-up.invalid/";
export const WARM_UP_HEADERS = "host\nwarm-up.invalid\naccept\n*/*\n";
