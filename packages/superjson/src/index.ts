export { superjsonSerializer } from './superjson-serializer.js';
