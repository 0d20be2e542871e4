export { LinkifyIt } from "linkify-it";
