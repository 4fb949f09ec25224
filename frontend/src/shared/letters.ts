/** For how long the link of a letter that resets a password is good; the user service's `Purpose` decides. */
export const RESET_LINK_LIFE = '10 minutes';

/** The same of a letter that confirms an email address. */
export const CONFIRM_LINK_LIFE = '24 hours';
