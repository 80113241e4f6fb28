/** Something to see at once: questions, and sentences that answer some of them. */
export const exampleQueries = `What is the capital of China?
Explain gravity
How do plants make food?
Why is the sky blue?
Who wrote Romeo and Juliet?`;

export const exampleDocuments = `The capital of China is Beijing.
Gravity is a force that attracts two bodies towards each other.
Photosynthesis turns light, water and carbon dioxide into sugar.
Air scatters blue light from the sun more than red light.
Romeo and Juliet is a tragedy by William Shakespeare.
Paris is the capital of France.`;
