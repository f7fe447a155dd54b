/** File names of the scripts in stacks. The app's is what source maps are applied to. */
export const WEB_API_SCRIPT_NAME = "nano:web-api";
export const APP_SCRIPT_NAME = "app.js";
export const REPLAY_SCRIPT_NAME = "nano:init";
