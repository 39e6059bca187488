"""The real system under load while its processes are killed, and a plain count of what came of it.

system    the processes, and how they are killed and come back
crowd     people who answer, change and withdraw, and send again until they are told "stored"
storm     which process is killed when, from a seed; or a broker that is away
watch     what is seen meanwhile: how far the services are, how long recovery takes
audit     at the end: is everything that was acknowledged there, once, everywhere
broken    services with one guarantee taken out, to show that the audit notices
"""
